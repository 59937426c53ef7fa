"""Phase 25, observability: every row of the contract's table, black box over HTTP.

What the parts promise beyond the contract is tested in tests/observability.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.support.fleet import pointers, refused, soon
from tests.support.tenants import Tenant

ROOT = "/api/observability"
Json = dict[str, Any]

SIGNAL = {
    "id", "tenant_id", "signal_type", "level", "service_name", "signal_name", "trace_id", "span_id", "status_code",
    "duration_ms", "numeric_value", "unit", "message", "detail", "created_by", "created_at",
}  # fmt: skip


class Caller:
    """The tenant's administrator. Anything but a success fails the test."""

    def __init__(self, tenant: Tenant) -> None:
        self.client = tenant.client
        self.tenant = tenant

    def post(self, path: str, status: int = 201, **body: Any) -> Any:
        answer = self.client.post(path if path.startswith("/api") else f"{ROOT}/{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def get(self, path: str, **params: Any) -> Any:
        answer = self.client.get(f"{ROOT}/{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send(self, *items: Json) -> Json:
        made: Json = self.post("signals:ingest", items=list(items))
        return made

    def policy(self, **fields: Any) -> Json:
        body = {"policy_key": f"p-{uuid4().hex[:8]}", "service_name": "gateway"} | fields
        made: Json = self.post("slo/policies", **body)
        return made

    def evaluate(self, *policies: Json, **fields: Any) -> Json:
        ids = [policy["id"] for policy in policies]
        done: Json = self.post("slo:evaluate", 200, policy_ids=ids, **fields)
        return done

    def alerts(self, **params: Any) -> list[Json]:
        found: list[Json] = self.get("alerts", **params)
        return found


@pytest.fixture
def api(tenant: Tenant) -> Caller:
    return Caller(tenant)


def request(status_code: int = 200, **fields: Any) -> Json:
    return {
        "signal_type": "TRACE",
        "service_name": "gateway",
        "signal_name": "request",
        "status_code": status_code,
    } | fields


def metric(name: str, value: float, **fields: Any) -> Json:
    return {
        "signal_type": "METRIC",
        "service_name": "meters",
        "signal_name": name,
        "numeric_value": value,
    } | fields


# Signals


def test_signals_come_back_as_they_were_sent(api: Caller) -> None:
    at = soon(minutes=-3)
    made = api.send(
        request(503, level="ERROR", trace_id="t-1", span_id="s-1", duration_ms=12.5, occurred_at=at)
    )
    (signal,) = made["signals"]
    assert made["accepted_count"] == 1
    assert signal.keys() >= SIGNAL
    assert (signal["level"], signal["status_code"], signal["duration_ms"]) == ("ERROR", 503, 12.5)
    assert datetime.fromisoformat(signal["created_at"]) == datetime.fromisoformat(at)
    assert api.get("signals") == [signal]


def test_a_signal_needs_no_more_than_its_names(api: Caller) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    (signal,) = api.send({"signal_type": "LOG", "service_name": "a", "signal_name": "b"})["signals"]
    assert (signal["level"], signal["detail"], signal["message"]) == ("INFO", {}, None)
    assert datetime.fromisoformat(signal["created_at"]) > before


def test_signals_are_found_by_each_filter_newest_first(api: Caller) -> None:
    api.send(
        request(200, trace_id="t-1", occurred_at=soon(minutes=-30)),
        request(500, level="ERROR", trace_id="t-2", occurred_at=soon(minutes=-20)),
        metric("load", 3, occurred_at=soon(minutes=-10)),
    )

    def names(**params: Any) -> list[tuple[str, Any]]:
        return [(row["signal_type"], row["trace_id"]) for row in api.get("signals", **params)]

    everything = [("METRIC", None), ("TRACE", "t-2"), ("TRACE", "t-1")]
    assert names() == everything
    assert names(limit=1) == everything[:1]
    assert names(signal_type="TRACE") == everything[1:]
    assert names(level="ERROR") == names(trace_id="t-2") == [("TRACE", "t-2")]
    assert names(service_name="meters") == names(signal_name="load") == [("METRIC", None)]
    assert names(from_ts=soon(minutes=-25), to_ts=soon(minutes=-15)) == [("TRACE", "t-2")]


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"signal_type": "SMELL"}, "signal_type"),
        ({"level": "LOUD"}, "level"),
        ({"service_name": " "}, "service_name"),
        ({"signal_name": "x" * 121}, "signal_name"),
        ({"message": "x" * 501}, "message"),
        ({"duration_ms": -1}, "duration_ms"),
        ({"message": "a\u0000b"}, "message"),
    ],
)
def test_a_bad_item_is_named_and_nothing_is_stored(api: Caller, broken: Json, field: str) -> None:
    answer = api.client.post(f"{ROOT}/signals:ingest", json={"items": [request(), request() | broken]})
    assert pointers(refused(answer, 422)) == [f"#/items/1/{field}"]
    assert api.get("signals") == []


def test_no_items_and_too_many_wanted_are_refused(api: Caller) -> None:
    refused(api.client.post(f"{ROOT}/signals:ingest", json={"items": []}), 422)
    refused(api.client.get(f"{ROOT}/signals", params={"limit": 1001}), 422)
    refused(api.client.get(f"{ROOT}/signals", params={"colour": "red"}), 400)


def test_whoever_wants_no_echo_gets_none(api: Caller) -> None:
    answer = api.client.post(
        f"{ROOT}/signals:ingest", json={"items": [request()]}, headers={"Prefer": "return=minimal"}
    )
    assert answer.status_code == 201
    assert (answer.json()["accepted_count"], answer.json()["signals"]) == (1, [])
    assert len(api.get("signals")) == 1


def test_the_overview_counts_every_signal_of_the_window(api: Caller) -> None:
    """More than a thousand: the first system counted no further."""
    fast = [request(duration_ms=10) for _ in range(1140)]
    slow = [request(503, level="ERROR", duration_ms=900) for _ in range(60)]
    api.send(*fast, *slow)
    api.send(request(occurred_at=soon(minutes=-90)))
    found = api.get("overview")
    assert (found["window_minutes"], found["total_signals"], found["error_signals"]) == (60, 1200, 60)
    assert found["p95_latency_ms"] == 10
    assert {word: count for word, count in found["by_type"].items() if count} == {"TRACE": 1200}
    assert {word: count for word, count in found["by_level"].items() if count} == {"INFO": 1140, "ERROR": 60}
    assert api.get("overview", window_minutes=120)["total_signals"] == 1201
    refused(api.client.get(f"{ROOT}/overview", params={"window_minutes": 1441}), 422)


def test_an_empty_overview_has_no_latency(api: Caller) -> None:
    found = api.get("overview")
    assert (found["total_signals"], found["error_signals"], found["p95_latency_ms"]) == (0, 0, None)


# Objectives


def test_an_objective_has_the_contracts_defaults(api: Caller) -> None:
    made = api.policy(policy_key="k")
    defaults = {
        "signal_name": "request", "target_ratio": 0.99, "latency_threshold_ms": None, "window_minutes": 5,
        "minimum_samples": 1, "alert_severity": "P2", "is_active": True,
    }  # fmt: skip
    assert {name: made[name] for name in defaults} == defaults
    assert [row["id"] for row in api.get("slo/policies", is_active=True)] == [made["id"]]
    again = api.client.post(f"{ROOT}/slo/policies", json={"policy_key": "k", "service_name": "other"})
    refused(again, 409)


def test_three_evaluations_of_a_breach_make_one_alert(api: Caller) -> None:
    policy = api.policy(alert_severity="P1")
    api.send(request(200), request(503, level="ERROR"))
    done = [api.evaluate(policy) for _ in range(3)]
    assert [d["alerts_created"] for d in done] == [1, 0, 0]
    assert {(d["evaluated_count"], d["breached_count"]) for d in done} == {(1, 1)}
    (item,) = done[0]["items"]
    assert (item["status"], item["total_samples"], item["good_samples"]) == ("BREACHED", 2, 1)
    assert (item["availability_ratio"], item["error_ratio"]) == (0.5, 0.5)
    (alert,) = api.alerts()
    assert (alert["source"], alert["severity"], alert["status"]) == ("SLO", "P1", "OPEN")
    assert alert["policy_id"] == policy["id"]


@pytest.mark.parametrize(
    ("bad", "fields"),
    [
        (request(200, level="ERROR"), {}),
        (request(500), {}),
        (request(200, duration_ms=501), {"latency_threshold_ms": 500}),
    ],
)
def test_what_a_bad_sample_is(api: Caller, bad: Json, fields: Json) -> None:
    policy = api.policy(**fields)
    api.send(request(200, duration_ms=500), bad)
    assert api.evaluate(policy)["items"][0]["good_samples"] == 1


def test_a_dry_run_writes_nothing(api: Caller) -> None:
    policy = api.policy()
    api.send(request(503))
    done = api.evaluate(policy, dry_run=True)
    assert (done["breached_count"], done["alerts_created"]) == (1, 0)
    assert api.alerts() == api.get("slo/evaluations") == []


def test_recovery_closes_the_alert_and_the_next_breach_opens_a_new_one(api: Caller) -> None:
    policy = api.policy(target_ratio=0.5)
    api.send(request(503))
    api.evaluate(policy)
    api.send(*[request() for _ in range(9)])
    assert api.evaluate(policy)["breached_count"] == 0
    assert [alert["status"] for alert in api.alerts()] == ["CLOSED"]
    api.send(*[request(503) for _ in range(30)])
    api.evaluate(policy)
    assert [alert["status"] for alert in api.alerts()] == ["OPEN", "CLOSED"]


def test_too_few_samples_breach_nothing(api: Caller) -> None:
    policy = api.policy(minimum_samples=3)
    assert api.evaluate(policy)["items"][0]["availability_ratio"] == 1.0
    api.send(request(503), request(503))
    assert api.evaluate(policy)["breached_count"] == 0


def test_evaluating_no_active_policy_is_404(api: Caller) -> None:
    refused(api.client.post(f"{ROOT}/slo:evaluate", json={}), 404)
    asleep = api.policy(is_active=False)
    refused(api.client.post(f"{ROOT}/slo:evaluate", json={"policy_ids": [asleep["id"]]}), 404)
    refused(api.client.post(f"{ROOT}/slo:evaluate", json={"policy_ids": [str(uuid4())]}), 404)


def test_the_objectives_overview_has_the_latest_of_each(api: Caller) -> None:
    good, bad = api.policy(service_name="good"), api.policy(service_name="bad")
    api.send(request(service_name="good"), request(503, service_name="bad"))
    api.evaluate()
    api.evaluate()
    found = api.get("slo/overview")
    assert (found["policy_count"], found["healthy_count"], found["breached_count"]) == (2, 1, 1)
    assert {row["policy_id"]: row["status"] for row in found["items"]} == {
        good["id"]: "HEALTHY",
        bad["id"]: "BREACHED",
    }
    assert len(api.get("slo/evaluations")) == 4
    assert len(api.get("slo/evaluations", status="BREACHED", limit=1)) == 1


# Alerts and who is on call


def breach(api: Caller) -> Json:
    api.send(request(503, service_name="broken"))
    api.evaluate(api.policy(service_name="broken"))
    return api.alerts(status="OPEN")[0]


def test_an_alert_is_for_the_shift_that_began_last(api: Caller) -> None:
    for name, begins in (("early", -2), ("late", -1), ("tomorrow", 24)):
        api.post(
            "/api/alert/oncall/shifts",
            shift_name=name,
            target=f"{name}@example.com",
            starts_at=soon(hours=begins),
            ends_at=soon(hours=begins + 8),
            timezone="Europe/Berlin",
            is_active=True,
            detail={},
        )
    assert breach(api)["target"] == "late@example.com"
    listed = api.client.get("/api/alert/oncall/shifts").json()
    assert {row["shift_name"] for row in listed} == {"early", "late", "tomorrow"}


def test_an_alert_is_acked_then_closed_and_then_is_history(api: Caller) -> None:
    alert = breach(api)
    assert (alert["target"], alert["acked_at"], alert["closed_at"]) == (None, None, None)
    acked = api.post(f"alerts/{alert['id']}:ack", 200)
    assert (acked["status"], acked["acked_at"] is None) == ("ACKED", False)
    closed = api.post(f"alerts/{alert['id']}:close", 200)
    assert (closed["status"], closed["closed_at"] is None) == ("CLOSED", False)
    for verb in ("ack", "close"):
        refused(api.client.post(f"{ROOT}/alerts/{alert['id']}:{verb}", json={}), 409, "alert_closed")
    assert api.alerts(status="OPEN") == []
    assert [row["id"] for row in api.alerts(status="CLOSED", source="SLO", limit=5)] == [alert["id"]]
    refused(api.client.post(f"{ROOT}/alerts/{uuid4()}:ack", json={}), 404, "alert_not_found")


# Backups, inspections and capacity


def test_a_backup_is_restored_to_prove_it(api: Caller, worker: None) -> None:
    run = api.post("backups:runs", run_type="FULL", is_drill=False, detail={"why": "before the release"})
    assert (run["run_type"], run["status"], run["detail"]) == (
        "FULL",
        "SUCCESS",
        {"why": "before the release"},
    )
    assert len(run["checksum"]) == 64
    assert run["completed_at"] is not None
    drill = api.post(f"backups/runs/{run['id']}:restore-drill", simulated_restore_seconds=0)
    assert (drill["status"], drill["objective_rto_seconds"]) == ("PASSED", 300)
    assert 0 < drill["actual_rto_seconds"] < 300
    assert [row["id"] for row in api.get("backups/runs")] == [run["id"]]
    for path in ("backups/restore-drills", "backups/drills"):
        assert [row["id"] for row in api.get(path)] == [drill["id"]]
    refused(api.client.post(f"{ROOT}/backups/runs/{uuid4()}:restore-drill", json={}), 404)


def test_a_drill_that_takes_too_long_has_failed(api: Caller, worker: None) -> None:
    run = api.post("backups:runs")
    drill = api.post(f"backups/runs/{run['id']}:restore-drill", objective_rto_seconds=0.001)
    assert drill["status"] == "FAILED"
    (alert,) = api.alerts(source="BACKUP")
    assert (alert["severity"], alert["status"]) == ("P1", "OPEN")


def test_an_inspection_counts_its_items(api: Caller, worker: None) -> None:
    run = api.post("security-inspections:runs", baseline_version="phase25-v1")
    statuses = [item["status"] for item in run["items"]]
    assert len(statuses) == run["total_checks"]
    for status, field in (("PASS", "passed_checks"), ("WARN", "warned_checks"), ("FAIL", "failed_checks")):
        assert statuses.count(status) == run[field]
    score = (run["passed_checks"] + run["warned_checks"] / 2) / run["total_checks"] * 100
    assert run["score_percent"] == pytest.approx(score, abs=0.01)
    assert [row["id"] for row in api.get("security-inspections/runs")] == [run["id"]]


def put(api: Caller, meter: str, **body: Any) -> Any:
    return api.client.put(f"{ROOT}/capacity/policies/{meter}", json=body)


def test_a_capacity_policy_is_made_and_replaced(api: Caller) -> None:
    made = put(api, "cpu")
    assert made.status_code == 200, made.text
    defaults = {
        "target_utilization_pct": 75, "scale_out_threshold_pct": 85, "scale_in_threshold_pct": 55,
        "min_replicas": 1, "max_replicas": 10, "current_replicas": 1, "is_active": True,
    }  # fmt: skip
    assert {name: made.json()[name] for name in defaults} == defaults
    assert put(api, "cpu", current_replicas=4).json()["current_replicas"] == 4
    assert [row["meter_key"] for row in api.get("capacity/policies")] == ["cpu"]


@pytest.mark.parametrize(
    "bounds",
    [
        {"min_replicas": 3, "max_replicas": 2, "current_replicas": 3},
        {"max_replicas": 2, "current_replicas": 3},
        {"scale_in_threshold_pct": 85},
    ],
)
def test_contradictory_bounds_are_409(api: Caller, bounds: Json) -> None:
    refused(put(api, "cpu", **bounds), 409)
    assert api.get("capacity/policies") == []


@pytest.mark.parametrize(
    ("values", "decision", "replicas"),
    [([91, 90], "SCALE_OUT", {5, 6, 7, 8, 9, 10}), ([20], "SCALE_IN", {1, 2, 3}), ([70], "HOLD", {4})],
)
def test_a_few_samples_decide(api: Caller, values: list[float], decision: str, replicas: set[int]) -> None:
    put(api, "cpu", current_replicas=4)
    api.send(*[metric("cpu", value) for value in values])
    made = api.post("capacity:forecast", meter_key="cpu")
    assert (made["decision"], made["predicted_usage"]) == (decision, sum(values) / len(values))
    assert made["recommended_replicas"] in replicas
    assert [row["id"] for row in api.get("capacity/forecasts", meter_key="cpu")] == [made["id"]]


def test_no_sample_decides_nothing(api: Caller) -> None:
    put(api, "cpu")
    assert api.post("capacity:forecast", meter_key="cpu")["decision"] == "INSUFFICIENT_DATA"
    refused(api.client.post(f"{ROOT}/capacity:forecast", json={"meter_key": "nobody's"}), 404)
