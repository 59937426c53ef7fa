"""Capacity policies and forecasts over HTTP."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import httpx
import numpy as np
import psycopg
import pytest

from app.domains.observability.capacity import jobs
from app.domains.observability.slo.jobs import JOBS as SLO_JOBS
from app.registry import JOBS
from tests.observability.conftest import Working
from tests.observability.telemetry import samples
from tests.support.fleet import pointers, refused
from tests.support.tenants import Tenant

POLICIES = "/api/observability/capacity/policies"
FORECAST = "/api/observability/capacity:forecast"
FORECASTS = "/api/observability/capacity/forecasts"
Json = dict[str, Any]


def put(tenant: Tenant, meter: str = "api.cpu", **fields: Any) -> Json:
    answer = tenant.client.put(f"{POLICIES}/{meter}", json=fields)
    assert answer.status_code == 200, answer.text
    made: Json = answer.json()
    return made


def ingest(tenant: Tenant, *values: float, meter: str = "api.cpu", **fields: Any) -> None:
    item = {"signal_type": "METRIC", "service_name": "api", "signal_name": meter} | fields
    items = [item | {"numeric_value": value} for value in values]
    assert tenant.client.post("/api/observability/signals:ingest", json={"items": items}).status_code == 201


def forecast(tenant: Tenant, **fields: Any) -> Json:
    answer = tenant.client.post(FORECAST, json={"meter_key": "api.cpu"} | fields)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


def test_a_policy_has_the_defaults_of_the_contract(tenant: Tenant) -> None:
    made = put(tenant, an_old_field=1)
    expected = {
        "meter_key": "api.cpu",
        "target_utilization_pct": 75,
        "scale_out_threshold_pct": 85,
        "scale_in_threshold_pct": 55,
        "min_replicas": 1,
        "max_replicas": 10,
        "current_replicas": 1,
        "is_active": True,
        "exhaustion_limit": 100,
        "alert_horizon_days": None,
        "version": 1,
    }
    assert {name: made[name] for name in expected} == expected
    assert put(tenant) == made, "the same bounds again change nothing"
    assert tenant.client.get(POLICIES).json() == [made]
    assert tenant.client.get(f"{POLICIES}/api.cpu").json() == made
    for unknown in ("other", "%00", "x" * 500, "%20"):
        refused(tenant.client.get(f"{POLICIES}/{unknown}"), 404, "capacity_policy_not_found")
    for wrong in ("%00", "x" * 121, "%20", "a%20"):
        refused(tenant.client.put(f"{POLICIES}/{wrong}", json={}), 422)
    changed = put(tenant, max_replicas=20)
    assert (changed["id"], changed["version"], changed["max_replicas"]) == (made["id"], 2, 20)


@pytest.mark.parametrize(
    "fields",
    [
        {"min_replicas": 5, "max_replicas": 4, "current_replicas": 5},
        {"current_replicas": 0},
        {"current_replicas": 11},
        {"scale_in_threshold_pct": 85},
        {"scale_in_threshold_pct": 90, "scale_out_threshold_pct": 80},
    ],
)
def test_contradictory_bounds_are_a_conflict(tenant: Tenant, fields: Json) -> None:
    refused(tenant.client.put(f"{POLICIES}/m", json=fields), 409, "capacity_bounds_contradict")
    assert tenant.client.get(POLICIES).json() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("target_utilization_pct", 0),
        ("target_utilization_pct", 101),
        ("max_replicas", "10"),
        ("current_replicas", 1.5),
        ("exhaustion_limit", 0),
        ("alert_horizon_days", 0),
    ],
)
def test_a_wrong_field_is_named(tenant: Tenant, field: str, value: Any) -> None:
    assert pointers(refused(tenant.client.put(f"{POLICIES}/m", json={field: value}), 422)) == [f"#/{field}"]


def test_tenants_have_keys_of_their_own(tenant: Tenant, rival: Tenant) -> None:
    ours, theirs = put(tenant, max_replicas=5), put(rival, max_replicas=7)
    assert ours["id"] != theirs["id"]
    assert put(tenant, max_replicas=5) == ours
    assert rival.client.get(f"{POLICIES}/api.cpu").json() == theirs


def test_16_puts_at_once_make_one_policy(tenant: Tenant) -> None:
    clients = [tenant.with_token(tenant.token) for _ in range(16)]
    work = [lambda c=c: c.put(f"{POLICIES}/m", json={"max_replicas": 9}) for c in clients]
    answers: list[httpx.Response] = at_once(work)
    assert {a.status_code for a in answers} == {200}
    assert {a.json()["id"] for a in answers} == {tenant.client.get(f"{POLICIES}/m").json()["id"]}
    assert {a.json()["version"] for a in answers} == {1}


def at_once(work: Sequence[Callable[[], Any]]) -> list[Any]:
    barrier = Barrier(len(work))

    def run(one: Callable[[], Any]) -> Any:
        barrier.wait(timeout=30)
        return one()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def test_two_hot_samples_scale_out(tenant: Tenant) -> None:
    put(tenant, current_replicas=2)
    ingest(tenant, 91, 90)
    made = forecast(tenant)
    assert (made["decision"], made["method"], made["sample_count"]) == ("SCALE_OUT", "MEAN", 2)
    assert made["predicted_usage"] == 90.5
    assert made["recommended_replicas"] >= 3
    assert made["lower_usage"] < 80, "wide"
    assert made["upper_usage"] > 100, "wide"
    assert made["backtest"]["coverage"] is None, "nothing calibrates so few samples"
    window = datetime.fromisoformat(made["window_end"]) - datetime.fromisoformat(made["window_start"])
    assert window == timedelta(minutes=60)


def test_two_samples_of_one_instant_are_two(tenant: Tenant) -> None:
    put(tenant)
    ingest(tenant, 10, 30, occurred_at=datetime.now(UTC).isoformat())
    made = forecast(tenant)
    assert (made["sample_count"], made["predicted_usage"], made["decision"]) == (2, 20, "SCALE_IN")


@pytest.mark.parametrize(
    ("value", "current", "decision", "replicas"),
    [
        (70, 3, "HOLD", 3),
        (85, 3, "SCALE_OUT", 5),
        (99, 10, "SCALE_OUT", 10),
        (55, 3, "SCALE_IN", 2),
        (10, 1, "SCALE_IN", 1),
    ],
)
def test_one_sample_decides_by_the_thresholds(
    tenant: Tenant, value: float, current: int, decision: str, replicas: int
) -> None:
    put(tenant, current_replicas=current)
    ingest(tenant, value)
    made = forecast(tenant)
    assert (made["decision"], made["recommended_replicas"]) == (decision, replicas)


def test_no_sample_decides_nothing(tenant: Tenant, working: Working) -> None:
    put(tenant, current_replicas=4)
    with working() as tx:
        samples(tx, "api.cpu", [(tx.now - timedelta(minutes=200), 95.0)])
        samples(tx, "other", [(tx.now, 95.0)])
    made = forecast(tenant)
    assert (made["decision"], made["recommended_replicas"]) == ("INSUFFICIENT_DATA", 4)
    assert (made["predicted_usage"], made["upper_usage"], made["method"]) == (None, None, "NONE")
    assert forecast(tenant, sample_minutes=240)["decision"] == "SCALE_OUT"


def test_what_can_not_be_forecast(tenant: Tenant, rival: Tenant) -> None:
    put(rival)
    refused(tenant.client.post(FORECAST, json={"meter_key": "api.cpu"}), 404, "no_active_capacity_policy")
    put(tenant, is_active=False)
    refused(tenant.client.post(FORECAST, json={"meter_key": "api.cpu"}), 404, "no_active_capacity_policy")
    for field, value in (("window_minutes", 4), ("window_minutes", 1441), ("sample_minutes", 10081)):
        answer = tenant.client.post(FORECAST, json={"meter_key": "api.cpu", field: value})
        assert pointers(refused(answer, 422)) == [f"#/{field}"]


def test_forecasts_are_listed_newest_first(tenant: Tenant) -> None:
    put(tenant)
    put(tenant, "disk")
    made = [forecast(tenant), forecast(tenant, meter_key="disk"), forecast(tenant)]
    assert tenant.client.get(FORECASTS).json() == made[::-1]
    assert tenant.client.get(FORECASTS, params={"meter_key": "disk"}).json() == [made[1]]
    assert tenant.client.get(FORECASTS, params={"limit": 2}).json() == made[:0:-1]


def filling(now: datetime, per_day: float, level: float) -> list[tuple[datetime, float]]:
    """A week of hourly samples that reach `level` now, with a little seeded noise."""
    noise = np.random.default_rng(9).normal(0, 1, 168)
    return [
        (now - timedelta(hours=168 - n), level - per_day * (168 - n) / 24 + float(noise[n]))
        for n in range(168)
    ]


def alerts(raw: psycopg.Connection, tenant: Tenant) -> list[tuple[Any, ...]]:
    return raw.execute(
        "SELECT status, severity, key FROM alert WHERE tenant_id = %s AND source = 'CAPACITY' ORDER BY created_at",
        (tenant.id,),
    ).fetchall()


def test_a_meter_that_runs_full_has_an_alert(
    tenant: Tenant, working: Working, raw: psycopg.Connection
) -> None:
    put(tenant, "disk", alert_horizon_days=30)
    with working() as tx:
        samples(tx, "disk", filling(tx.now, 4, 70))
    made = forecast(tenant, meter_key="disk", sample_minutes=10080)
    full = made["exhaustion"]
    assert full["earliest_days"] < full["likely_days"] < full["latest_days"]
    assert 6 < full["likely_days"] < 9
    assert made["backtest"]["origins"] > 10
    assert made["backtest"]["coverage"] > 0.8
    assert alerts(raw, tenant) == [("OPEN", "P2", "capacity.exhaustion")]
    forecast(tenant, meter_key="disk", sample_minutes=10080)
    assert len(alerts(raw, tenant)) == 1
    put(tenant, "disk", alert_horizon_days=2)
    forecast(tenant, meter_key="disk", sample_minutes=10080)
    assert [row[0] for row in alerts(raw, tenant)] == ["CLOSED"]


def test_no_alert_was_asked_for(tenant: Tenant, working: Working, raw: psycopg.Connection) -> None:
    put(tenant, "disk")
    with working() as tx:
        samples(tx, "disk", filling(tx.now, 4, 95))
    assert forecast(tenant, meter_key="disk", sample_minutes=10080)["exhaustion"]["likely_days"] is not None
    assert alerts(raw, tenant) == []


def test_the_daily_forecast_is_scored_when_its_window_is_over(
    tenant: Tenant, working: Working, raw: psycopg.Connection
) -> None:
    put(tenant, "disk")
    put(tenant, "off", is_active=False)
    with working() as tx:
        samples(tx, "disk", filling(tx.now, 0, 60))
    jobs.FORECAST.perform(tenant.server.database, tenant.id, "test", {})
    (made,) = tenant.client.get(FORECASTS).json()
    length = datetime.fromisoformat(made["window_end"]) - datetime.fromisoformat(made["window_start"])
    assert (made["meter_key"], length) == ("disk", timedelta(days=1))
    end = datetime.fromisoformat(made["window_end"])
    with working(end) as tx:
        assert jobs.score(tx) is False
    assert tenant.client.get(FORECASTS).json()[0]["scored_at"] is None, "late samples may still come"
    with working() as tx:
        samples(tx, "disk", [(end - timedelta(hours=n), made["predicted_usage"]) for n in (1, 2)])
    with working(end + timedelta(hours=1)) as tx:
        jobs.score(tx)
    scored = tenant.client.get(FORECASTS).json()[0]
    assert scored["actual_usage"] == pytest.approx(made["predicted_usage"])
    (row,) = tenant.client.get("/api/observability/capacity/accuracy").json()
    assert (row["meter_key"], row["method"], row["scored"]) == ("disk", made["method"], 1)
    assert row["coverage"] == 1
    assert row["mean_absolute_error"] == pytest.approx(0, abs=1e-9)
    other = tenant.client.get("/api/observability/capacity/accuracy", params={"meter_key": "off"})
    assert other.json() == []
    jobs.SCORE.perform(tenant.server.database, tenant.id, "test", {})


def test_what_never_came_is_scored_as_unknown(tenant: Tenant, working: Working) -> None:
    put(tenant)
    ingest(tenant, 50)
    made = forecast(tenant, window_minutes=5)
    with working(datetime.fromisoformat(made["window_end"]) + timedelta(hours=1)) as tx:
        jobs.score(tx)
    (scored,) = tenant.client.get(FORECASTS).json()
    assert scored["scored_at"] is not None
    assert scored["actual_usage"] is None
    assert tenant.client.get("/api/observability/capacity/accuracy").json() == []


def test_the_worker_knows_the_jobs() -> None:
    assert set(jobs.JOBS) <= set(JOBS)
    assert set(SLO_JOBS) <= set(JOBS)
