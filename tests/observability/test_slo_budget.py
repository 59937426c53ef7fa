"""Error budgets in the database: counted minutes, corrections, burn-rate alerts, and the schedule."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from app.domains.observability.slo import evaluation, jobs, reading
from app.domains.observability.slo.schemas import SloBudget
from app.kernel.jobs.engine import JobContext
from tests.observability.conftest import Working
from tests.observability.slo_resources import POLICIES
from tests.observability.telemetry import requests
from tests.observability.test_slo import Json, alerts, policy
from tests.support.fleet import pointers, refused
from tests.support.tenants import Tenant

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC)


def spread(start: datetime, end: datetime, count: int) -> list[datetime]:
    return [start + (end - start) * n / count for n in range(count)]


def read(working: Working, made: Json, at: datetime | None = None) -> SloBudget:
    with working(at) as tx:
        return reading.read_budget(tx, UUID(made["id"]))


def count_all(working: Working, made: Json, at: datetime) -> None:
    more = True
    while more:
        with working(at) as tx:
            more = jobs.count(tx, UUID(made["id"]))


def test_a_budget_over_http(tenant: Tenant, working: Working) -> None:
    made = policy(
        tenant,
        target_ratio=0.9,
        objective_windows=[{"kind": "ROLLING", "days": 7}, {"kind": "CALENDAR", "unit": "MONTH"}],
        timezone="Europe/Berlin",
    )
    with working() as tx:
        requests(tx, spread(tx.now - HOUR, tx.now, 95))
        requests(tx, spread(tx.now - HOUR, tx.now, 5), level="ERROR")
    found = tenant.client.get(f"{POLICIES}/{made['id']}/budget").json()
    week, month = found["windows"]
    assert (week["label"], month["label"]) == ("7d", "calendar month")
    assert (week["total"], week["bad"]) == (100, 5)
    assert week["spent_ratio"] == pytest.approx(0.5)
    assert week["remaining_ratio"] == pytest.approx(0.5)
    assert week["burn_rate"] == pytest.approx(0.5)
    assert [burn["tier"] for burn in week["burns"]] == ["fast", "brisk"]
    assert month["ends_at"] > found["computed_at"] >= month["starts_at"]
    refused(tenant.client.get(f"{POLICIES}/{uuid4()}/budget"), 404, "slo_policy_not_found")


def test_counted_minutes_and_raw_signals_say_the_same(
    tenant: Tenant, working: Working, raw: psycopg.Connection
) -> None:
    end = now().replace(microsecond=0)
    start = end - timedelta(days=3)
    made = policy(tenant, objective_windows=[{"kind": "ROLLING", "days": 4}], latency_threshold_ms=100)
    with working() as tx:
        requests(tx, spread(start, end, 4000), duration_ms=50)
        requests(tx, spread(start, end, 37), duration_ms=150)
    before = read(working, made, end)
    assert (before.windows[0].total, before.windows[0].bad) == (4037, 37)
    count_all(working, made, end)
    counted = raw.execute(
        "SELECT sum(total), sum(total - good) FROM slo_minute WHERE policy_id = %s", (made["id"],)
    ).fetchone()
    assert counted is not None
    assert 4000 < counted[0] < 4037, "the last ten minutes are still read from the signals"
    raw.execute("DELETE FROM signal WHERE tenant_id = %s AND occurred_at < %s", (tenant.id, end - HOUR))
    after = read(working, made, end)
    assert after.windows == before.windows, "counted minutes outlive the signals"


def test_late_signals_are_counted_again(tenant: Tenant, working: Working, raw: psycopg.Connection) -> None:
    end = now()
    made = policy(tenant)
    with working() as tx:
        requests(tx, [end - 5 * HOUR])
    count_all(working, made, end)
    item = {"signal_type": "TRACE", "service_name": "api", "signal_name": "request", "level": "ERROR"}
    late = item | {"occurred_at": (end - 5 * HOUR).isoformat()}
    assert tenant.client.post("/api/observability/signals:ingest", json={"items": [late]}).status_code == 201
    assert read(working, made).windows[0].bad == 0
    count_all(working, made, now())
    assert (read(working, made).windows[0].total, read(working, made).windows[0].bad) == (2, 1)
    count_all(working, made, now())
    assert read(working, made).windows[0].total == 2, "counting again changes nothing"


def test_another_threshold_counts_anew(tenant: Tenant, working: Working, raw: psycopg.Connection) -> None:
    end = now()
    made = policy(tenant)
    with working() as tx:
        requests(tx, [end - 5 * HOUR], duration_ms=500)
    count_all(working, made, end)
    assert read(working, made).windows[0].bad == 0
    tenant.client.patch(f"{POLICIES}/{made['id']}", json={"latency_threshold_ms": 100})
    assert raw.execute("SELECT count(*) FROM slo_minute WHERE policy_id = %s", (made["id"],)).fetchone() == (
        0,
    )
    assert read(working, made).windows[0].bad == 1
    count_all(working, made, end)
    assert read(working, made).windows[0].bad == 1


def test_a_correction_shows_both_figures(tenant: Tenant, working: Working) -> None:
    end = now()
    made = policy(tenant, window_minutes=120, target_ratio=0.9)
    with working() as tx:
        requests(tx, spread(end - 100 * MINUTE, end - 50 * MINUTE, 50), level="ERROR")
        requests(tx, spread(end - 40 * MINUTE, end, 50))
    path = f"{POLICIES}/{made['id']}/corrections"
    period = {"starts_at": (end - 101 * MINUTE).isoformat(), "ends_at": (end - 45 * MINUTE).isoformat()}
    bad = tenant.post("/api/observability/slo:evaluate", dry_run=True)["items"][0]  # type: ignore[index]
    assert (bad["status"], bad["corrected_total_samples"]) == ("BREACHED", 100)
    kept = tenant.post(path, reason="Planned maintenance", **period)
    assert datetime.fromisoformat(str(kept["starts_at"])).second == 0
    assert datetime.fromisoformat(str(kept["ends_at"])) >= end - 45 * MINUTE
    fine = tenant.post("/api/observability/slo:evaluate", dry_run=True)["items"][0]  # type: ignore[index]
    assert (fine["status"], fine["total_samples"], fine["good_samples"]) == ("HEALTHY", 100, 50)
    assert (fine["corrected_total_samples"], fine["corrected_good_samples"]) == (50, 50)
    window = read(working, made).windows[0]
    assert (window.total, window.bad, window.corrected_total, window.corrected_bad) == (100, 50, 50, 0)
    (listed,) = tenant.client.get(path).json()
    assert listed == kept
    assert listed["reason"] == "Planned maintenance"
    assert tenant.client.delete(f"/api/observability/slo/corrections/{kept['id']}").status_code == 204
    assert read(working, made).windows[0].corrected_bad == 50
    assert tenant.client.get(path).json() == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"starts_at": "2026-03-01T10:00:00Z", "ends_at": "2026-03-01T10:00:00Z", "reason": "x"}, "#"),
        (
            {"starts_at": "2026-03-01T10:00:00", "ends_at": "2026-03-01T11:00:00Z", "reason": "x"},
            "#/starts_at",
        ),
        ({"starts_at": "2026-03-01T10:00:00Z", "ends_at": "2026-03-01T11:00:00Z", "reason": " "}, "#/reason"),
        ({"starts_at": "2026-03-01T10:00:00Z", "ends_at": "2026-03-01T11:00:00Z"}, "#/reason"),
        ({"starts_at": "2026-03-01T10:00:00Z", "ends_at": "2028-03-01T11:00:00Z", "reason": "x"}, "#"),
    ],
)
def test_a_correction_needs_a_time_and_a_reason(tenant: Tenant, body: Json, pointer: str) -> None:
    made = policy(tenant)
    answer = tenant.client.post(f"{POLICIES}/{made['id']}/corrections", json=body)
    assert pointers(refused(answer, 422)) == [pointer]


def burn(working: Working, made: Json, at: datetime) -> int:
    with working(at) as tx:
        (outcome,) = evaluation.evaluate(tx, [UUID(made["id"])], window_minutes=None, dry_run=False)
        return outcome.opened


def test_a_burning_budget_has_one_alert_that_follows_the_fastest_tier(
    tenant: Tenant, working: Working, raw: psycopg.Connection
) -> None:
    start = now() - timedelta(days=4)
    made = policy(tenant, target_ratio=0.99, alert_on="BURN_RATE", alert_severity="P1")

    def traffic(begin: datetime, length: timedelta, error_share: float) -> datetime:
        count = int(length / MINUTE)
        with working() as tx:
            requests(tx, spread(begin, begin + length, count))
            requests(
                tx, spread(begin, begin + length, int(count * error_share / (1 - error_share))), level="ERROR"
            )
        return begin + length

    at = traffic(start, timedelta(days=1), 0.0)
    assert burn(working, made, at) == 0
    assert alerts(raw, tenant, "slo.burn") == []
    at = traffic(at, timedelta(hours=20), 0.05)  # five times as fast: the third tier
    assert burn(working, made, at) == 1
    assert [row[0::2][:2] for row in alerts(raw, tenant, "slo.burn")] == [("OPEN", "P2")]
    at = traffic(at, 2 * HOUR, 0.5)  # fifty times: the first
    assert burn(working, made, at) == 0, "the same alert"
    assert [row[0::2][:2] for row in alerts(raw, tenant, "slo.burn")] == [("OPEN", "P1")]
    at = traffic(at, 20 * MINUTE, 0.0)  # the short window of five minutes is quiet, that of half an hour not
    assert burn(working, made, at) == 0
    assert [row[0::2][:2] for row in alerts(raw, tenant, "slo.burn")] == [("OPEN", "P1")]
    (message,) = raw.execute("SELECT message FROM alert WHERE tenant_id = %s", (tenant.id,)).fetchone() or (
        "",
    )
    assert message.startswith("In the last 6 h "), "the second tier took over"
    at = traffic(at, 8 * HOUR, 0.0)
    assert burn(working, made, at) == 0
    assert [row[0] for row in alerts(raw, tenant, "slo.burn")] == ["CLOSED"]
    assert alerts(raw, tenant) == [], "a breach alone opens nothing here"


def test_a_single_error_of_a_quiet_night_burns_nothing(
    tenant: Tenant, working: Working, raw: psycopg.Connection
) -> None:
    made = policy(tenant, target_ratio=0.999, alert_on="BURN_RATE")
    with working() as tx:
        requests(tx, spread(tx.now - HOUR, tx.now, 9))
        requests(tx, [tx.now], level="ERROR")
    assert burn(working, made, now()) == 0
    with working() as tx:
        requests(tx, [tx.now], level="ERROR")
    assert burn(working, made, now()) == 1


def schedule(tenant: Tenant) -> None:
    jobs.run_schedule(JobContext(tenant.server.database, tenant.id, "slo.evaluate", "test"))


def evaluations(raw: psycopg.Connection, made: Json) -> int:
    (found,) = (
        raw.execute("SELECT count(*) FROM slo_evaluation WHERE policy_id = %s", (made["id"],)).fetchone()
        or ()
    )
    return int(found)


def test_the_schedule_waits_one_window_and_then_keeps_its_pace(
    tenant: Tenant, raw: psycopg.Connection, working: Working
) -> None:
    made = policy(tenant, window_minutes=30)
    schedule(tenant)
    assert evaluations(raw, made) == 0, "a new objective is left alone for its first window"
    raw.execute("UPDATE slo_policy SET next_evaluation_at = now() WHERE id = %s", (made["id"],))
    with working() as tx:
        requests(tx, [tx.now - MINUTE], level="ERROR")
    schedule(tenant)
    schedule(tenant)
    assert evaluations(raw, made) == 1
    assert [row[0] for row in alerts(raw, tenant)] == ["OPEN"]
    (wait,) = raw.execute(
        "SELECT next_evaluation_at - now() FROM slo_policy WHERE id = %s", (made["id"],)
    ).fetchone() or (timedelta(),)
    assert 4 * MINUTE < wait < 5 * MINUTE
    told = "SELECT count(*) FROM event WHERE tenant_id = %s AND type = 'slo.evaluated'"
    assert raw.execute(told, (tenant.id,)).fetchone() == (1,)
    raw.execute("UPDATE slo_policy SET next_evaluation_at = now() WHERE id = %s", (made["id"],))
    schedule(tenant)
    assert evaluations(raw, made) == 2
    assert raw.execute(told, (tenant.id,)).fetchone() == (1,), "the same outcome again is no news"


def test_an_inactive_objective_is_not_scheduled(tenant: Tenant, raw: psycopg.Connection) -> None:
    made = policy(tenant, is_active=False)
    raw.execute("UPDATE slo_policy SET next_evaluation_at = now() WHERE id = %s", (made["id"],))
    schedule(tenant)
    assert evaluations(raw, made) == 0


def test_old_evaluations_and_minutes_go(tenant: Tenant, working: Working, raw: psycopg.Connection) -> None:
    made = policy(tenant, objective_windows=[{"kind": "ROLLING", "days": 2}])
    with working() as tx:
        requests(tx, [tx.now - timedelta(hours=47), tx.now - timedelta(hours=30)])
    count_all(working, made, now())
    minutes = "SELECT count(*) FROM slo_minute WHERE policy_id = %s"
    assert raw.execute(minutes, (made["id"],)).fetchone() == (2,)
    count_all(working, made, now() + timedelta(hours=3))
    assert raw.execute(minutes, (made["id"],)).fetchone() == (1,)
    tenant.post("/api/observability/slo:evaluate")
    with working(now() + timedelta(days=34)) as tx:
        jobs.forget_evaluations(tx)
    assert evaluations(raw, made) == 1
    with working(now() + timedelta(days=36)) as tx:
        jobs.forget_evaluations(tx)
    assert evaluations(raw, made) == 0


def test_the_jobs_of_the_worker_run(tenant: Tenant, raw: psycopg.Connection, working: Working) -> None:
    made: dict[str, Any] = policy(tenant)
    with working() as tx:
        requests(tx, [tx.now - HOUR])
    for job in jobs.JOBS:
        job.perform(tenant.server.database, tenant.id, "test", {})
    minutes = "SELECT count(*) FROM slo_minute WHERE policy_id = %s"
    assert raw.execute(minutes, (made["id"],)).fetchone() == (1,)
