"""Objectives: set, evaluated, breached, recovered; one alert whatever happens at once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from app.domains.observability.slo import evaluation
from tests.observability.conftest import Working
from tests.observability.telemetry import requests
from tests.support.fleet import pointers, refused
from tests.support.tenants import Tenant

POLICIES = "/api/observability/slo/policies"
EVALUATE = "/api/observability/slo:evaluate"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
Json = dict[str, Any]


def policy(tenant: Tenant, **fields: Any) -> Json:
    return tenant.post(POLICIES, **{"policy_key": f"slo-{uuid4().hex[:8]}", "service_name": "api"} | fields)


def ingest(tenant: Tenant, *statuses: int, **fields: Any) -> None:
    item = {"signal_type": "TRACE", "service_name": "api", "signal_name": "request"} | fields
    items = [item | {"status_code": status} for status in statuses]
    assert tenant.client.post("/api/observability/signals:ingest", json={"items": items}).status_code == 201


def evaluate(tenant: Tenant, **body: Any) -> Json:
    return tenant.post(EVALUATE, **body)


def alerts(raw: psycopg.Connection, tenant: Tenant, key: str = "slo.breach") -> list[tuple[Any, ...]]:
    return raw.execute(
        "SELECT status, policy_id, severity, subject, value FROM alert WHERE tenant_id = %s AND key = %s"
        " ORDER BY created_at, id",
        (tenant.id, key),
    ).fetchall()


def rows(raw: psycopg.Connection, tenant: Tenant, table: str) -> int:
    (found,) = raw.execute(f"SELECT count(*) FROM {table} WHERE tenant_id = %s", (tenant.id,)).fetchone() or (
        0,
    )
    return int(found)


def at_once(work: Sequence[Callable[[], Any]]) -> list[Any]:
    barrier = Barrier(len(work))

    def run(one: Callable[[], Any]) -> Any:
        barrier.wait(timeout=30)
        return one()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def test_an_objective_has_the_defaults_of_the_contract(tenant: Tenant) -> None:
    before = datetime.now(UTC)
    made = policy(tenant, policy_key="api", an_old_field="ignored")
    expected = {
        "policy_key": "api",
        "service_name": "api",
        "signal_name": "request",
        "target_ratio": 0.99,
        "latency_threshold_ms": None,
        "window_minutes": 5,
        "minimum_samples": 1,
        "alert_severity": "P2",
        "alert_on": "BREACH",
        "is_active": True,
        "timezone": "UTC",
        "objective_windows": [{"kind": "ROLLING", "days": 30, "unit": None}],
        "version": 1,
    }
    assert {name: made[name] for name in expected} == expected
    wait = datetime.fromisoformat(made["next_evaluation_at"]) - before
    assert timedelta(minutes=5) <= wait < timedelta(minutes=6)
    assert tenant.client.get(POLICIES).json() == [made]
    assert tenant.client.get(f"{POLICIES}/{made['id']}").json() == made
    longer = policy(tenant, window_minutes=90)
    assert datetime.fromisoformat(longer["next_evaluation_at"]) - before >= timedelta(minutes=90)


def test_a_key_is_taken_once_in_a_tenant(tenant: Tenant, rival: Tenant) -> None:
    policy(tenant, policy_key="api")
    policy(rival, policy_key="api")
    answer = tenant.client.post(POLICIES, json={"policy_key": "api", "service_name": "b"})
    refused(answer, 409, "slo_policy_key_taken")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("policy_key", " "),
        ("service_name", ""),
        ("target_ratio", 1.01),
        ("target_ratio", "0.9"),
        ("window_minutes", 0),
        ("window_minutes", 1441),
        ("minimum_samples", 0),
        ("latency_threshold_ms", -1),
        ("alert_severity", "P4"),
        ("timezone", "Mars/Olympus"),
        ("objective_windows", []),
        ("objective_windows/0", [{"kind": "ROLLING"}]),
        ("objective_windows/0", [{"kind": "CALENDAR", "unit": "MONTH", "days": 3}]),
        ("objective_windows", [{"kind": "ROLLING", "days": 7}] * 2),
        ("is_active", "yes"),
    ],
)
def test_a_wrong_field_is_named(tenant: Tenant, field: str, value: Any) -> None:
    body = {"policy_key": "api", "service_name": "api", field.partition("/")[0]: value}
    assert pointers(refused(tenant.client.post(POLICIES, json=body), 422)) == [f"#/{field}"]


def test_samples_are_bad_by_level_status_or_duration(working: Working, tenant: Tenant) -> None:
    made = policy(tenant, latency_threshold_ms=100, window_minutes=10)
    with working(NOON) as tx:
        recent = [NOON - timedelta(minutes=n) for n in (1, 2)]
        requests(tx, recent, status_code=200, duration_ms=100)
        requests(tx, recent, status_code=499)
        requests(tx, recent, level="ERROR")
        requests(tx, recent, status_code=500, duration_ms=1)
        requests(tx, recent, duration_ms=100.5)
        requests(tx, [NOON, NOON - timedelta(minutes=10)], duration_ms=50)  # both edges belong to the window
        requests(
            tx,
            [NOON + timedelta(microseconds=1), NOON - timedelta(minutes=10, microseconds=1)],
            level="ERROR",
        )
        requests(tx, recent, level="ERROR", service="other")
        requests(tx, recent, level="ERROR", signal_name="other")
        (outcome,) = evaluation.evaluate(tx, [UUID(made["id"])], window_minutes=None, dry_run=True)
    row = outcome.row
    assert (row["total_samples"], row["good_samples"]) == (12, 6)
    assert (row["availability_ratio"], row["error_ratio"]) == (0.5, 0.5)
    assert row["p95_latency_ms"] == 100.5  # rank ceil(0.95 * 8) of the durations
    assert row["status"] == "BREACHED"


def test_no_samples_are_healthy(tenant: Tenant) -> None:
    policy(tenant, target_ratio=1)
    item = evaluate(tenant)["items"][0]
    assert (item["status"], item["total_samples"], item["availability_ratio"]) == ("HEALTHY", 0, 1.0)
    assert item["p95_latency_ms"] is None
    assert not item["alert_triggered"]


def test_too_few_samples_breach_nothing(tenant: Tenant, raw: psycopg.Connection) -> None:
    policy(tenant, minimum_samples=3)
    ingest(tenant, 500, 500)
    assert evaluate(tenant)["breached_count"] == 0
    ingest(tenant, 200)
    assert evaluate(tenant)["breached_count"] == 1
    assert len(alerts(raw, tenant)) == 1


def test_a_breach_opens_one_alert_and_recovery_closes_it(tenant: Tenant, raw: psycopg.Connection) -> None:
    made = policy(tenant, target_ratio=0.9, alert_severity="P1", runbook_url="https://run.example/api")
    ingest(tenant, 200, 500)
    first = evaluate(tenant)
    assert (first["evaluated_count"], first["breached_count"], first["alerts_created"]) == (1, 1, 1)
    assert first["items"][0]["alert_triggered"]
    for _ in range(3):
        again = evaluate(tenant)
        assert (again["breached_count"], again["alerts_created"]) == (1, 0)
        assert again["items"][0]["alert_event_id"] == first["items"][0]["alert_event_id"]
    subject = f"slo:{made['id']}"
    assert alerts(raw, tenant) == [("OPEN", UUID(str(made["id"])), "P1", subject, 0.5)]
    ingest(tenant, *[200] * 30)
    assert evaluate(tenant)["breached_count"] == 0
    assert [row[0] for row in alerts(raw, tenant)] == ["CLOSED"]
    ingest(tenant, *[503] * 30)
    assert evaluate(tenant)["alerts_created"] == 1
    assert [row[0] for row in alerts(raw, tenant)] == ["CLOSED", "OPEN"]


def test_silence_is_no_recovery(working: Working, tenant: Tenant, raw: psycopg.Connection) -> None:
    made = policy(tenant)
    ingest(tenant, 500)
    assert evaluate(tenant)["alerts_created"] == 1
    with working(datetime.now(UTC) + timedelta(hours=1)) as tx:
        (outcome,) = evaluation.evaluate(tx, [UUID(made["id"])], window_minutes=None, dry_run=False)
    assert (outcome.row["status"], outcome.row["total_samples"]) == ("HEALTHY", 0)
    assert [row[0] for row in alerts(raw, tenant)] == ["OPEN"]


def test_the_alert_goes_to_who_is_on_call(working: Working, tenant: Tenant, raw: psycopg.Connection) -> None:
    raw.execute(
        "INSERT INTO oncall_shift (tenant_id, id, shift_name, target, starts_at, ends_at, created_by, created_at,"
        " updated_at) VALUES (%s, %s, 'day', 'ann', now() - interval '1 h', now() + interval '1 h', 'x', now(), now())",
        (tenant.id, uuid4()),
    )
    policy(tenant)
    ingest(tenant, 500)
    assert evaluate(tenant, dry_run=True)["items"][0]["oncall_target"] == "ann"
    assert evaluate(tenant)["items"][0]["oncall_target"] == "ann"


def test_a_dry_run_writes_nothing(tenant: Tenant, raw: psycopg.Connection) -> None:
    policy(tenant)
    ingest(tenant, 500)

    def footprint() -> list[int]:
        tables = ("slo_policy", "slo_evaluation", "slo_minute", "alert", "event", "signal")
        found = [rows(raw, tenant, table) for table in tables]
        versions = raw.execute(
            "SELECT sum(version), count(DISTINCT xmin::text) FROM slo_policy WHERE tenant_id = %s",
            (tenant.id,),
        )
        return [*found, *(versions.fetchone() or ())]

    before = footprint()
    result = evaluate(tenant, dry_run=True)
    assert (result["breached_count"], result["alerts_created"]) == (1, 0)
    assert result["items"][0]["id"] is None
    assert footprint() == before
    evaluate(tenant)
    assert footprint() != before


def test_16_evaluations_at_once_open_one_alert(tenant: Tenant, raw: psycopg.Connection) -> None:
    for _ in range(3):
        policy(tenant)
    ingest(tenant, 500)
    clients = [tenant.with_token(tenant.token) for _ in range(16)]
    answers: list[httpx.Response] = at_once([lambda c=c: c.post(EVALUATE, json={}) for c in clients])  # type: ignore[misc]
    assert [a.status_code for a in answers] == [200] * 16
    assert sum(a.json()["alerts_created"] for a in answers) == 3
    assert len(alerts(raw, tenant)) == 3
    assert len({row[1] for row in alerts(raw, tenant)}) == 3
    assert rows(raw, tenant, "slo_evaluation") == 48


def test_evaluating_what_is_not_there_is_404(tenant: Tenant, rival: Tenant) -> None:
    refused(tenant.client.post(EVALUATE, json={}), 404, "no_active_slo_policy")
    off, on = policy(tenant, is_active=False), policy(tenant)
    assert evaluate(tenant, policy_ids=[])["evaluated_count"] == 1, "none named: all that are active"
    for ids in ([str(uuid4())], [off["id"]]):
        refused(tenant.client.post(EVALUATE, json={"policy_ids": ids}), 404, "no_active_slo_policy")
    refused(rival.client.post(EVALUATE, json={"policy_ids": [on["id"]]}), 404, "no_active_slo_policy")
    some = evaluate(tenant, policy_ids=[on["id"], off["id"]], window_minutes=60)
    (item,) = some["items"]
    assert item["policy_id"] == on["id"]
    length = datetime.fromisoformat(item["window_end"]) - datetime.fromisoformat(item["window_start"])
    assert length == timedelta(minutes=60)


def test_the_overview_counts_the_latest_of_each(tenant: Tenant) -> None:
    empty = tenant.client.get("/api/observability/slo/overview").json()
    assert empty == {
        "policy_count": 0,
        "healthy_count": 0,
        "breached_count": 0,
        "latest_evaluated_at": None,
        "items": [],
    }
    bad, good = policy(tenant), policy(tenant, service_name="other")
    ingest(tenant, 500)
    for _ in range(3):
        evaluate(tenant)
    policy(tenant, service_name="never evaluated")
    seen = tenant.client.get("/api/observability/slo/overview").json()
    assert (seen["policy_count"], seen["healthy_count"], seen["breached_count"]) == (3, 1, 1)
    assert [item["policy_id"] for item in seen["items"]] == [bad["id"], good["id"]]
    assert seen["latest_evaluated_at"] == max(item["created_at"] for item in seen["items"])


def test_evaluations_are_listed_newest_first(tenant: Tenant) -> None:
    bad, good = policy(tenant), policy(tenant, service_name="other")
    ingest(tenant, 500)
    for _ in range(2):
        evaluate(tenant)
    path = "/api/observability/slo/evaluations"
    listed = tenant.client.get(path).json()
    assert len(listed) == 4
    assert [item["created_at"] for item in listed] == sorted((i["created_at"] for i in listed), reverse=True)
    assert {i["policy_id"] for i in tenant.client.get(path, params={"status": "BREACHED"}).json()} == {
        bad["id"]
    }
    assert {i["policy_id"] for i in tenant.client.get(path, params={"policy_id": good["id"]}).json()} == {
        good["id"]
    }
    assert len(tenant.client.get(path, params={"limit": 3}).json()) == 3


def test_an_objective_is_changed_and_removed(tenant: Tenant, raw: psycopg.Connection) -> None:
    made = policy(tenant, latency_threshold_ms=10)
    path = f"{POLICIES}/{made['id']}"
    ingest(tenant, 200, duration_ms=20)
    assert evaluate(tenant)["alerts_created"] == 1
    stale = tenant.client.patch(path, json={"target_ratio": 0.5}, headers={"If-Match": '"7"'})
    refused(stale, 412, "precondition_failed")
    assert pointers(refused(tenant.client.patch(path, json={"windows": 3}), 422)) == ["#/windows"]
    changed = tenant.client.patch(path, json={"target_ratio": 0.5, "latency_threshold_ms": None}).json()
    assert (changed["target_ratio"], changed["latency_threshold_ms"], changed["version"]) == (0.5, None, 2)
    assert tenant.client.patch(path, json={"is_active": False}).json()["is_active"] is False
    assert [row[0] for row in alerts(raw, tenant)] == ["CLOSED"]
    assert tenant.client.delete(path).status_code == 204
    refused(tenant.client.get(path), 404, "slo_policy_not_found")
    assert rows(raw, tenant, "slo_evaluation") == 0
    types = [e["type"] for e in _events(tenant, raw)]
    assert types == [
        "slo.policy.created",
        "slo.evaluated",
        "slo.policy.updated",
        "slo.policy.updated",
        "slo.policy.deleted",
    ]


def _events(tenant: Tenant, raw: psycopg.Connection) -> list[Json]:
    found = raw.execute(
        "SELECT type FROM event WHERE tenant_id = %s AND type LIKE 'slo.%%' ORDER BY at, id", (tenant.id,)
    )
    return [{"type": kind} for (kind,) in found.fetchall()]
