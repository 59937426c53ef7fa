"""A whole inspection: what it answers, what it raises, and what it compares with."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from structlog.testing import capture_logs

from app.domains.observability.inspections import look as looking
from app.domains.observability.inspections import run as running
from app.domains.observability.inspections import service
from app.domains.observability.inspections.checks import CHECKS
from app.domains.observability.inspections.checks.base import Check, Ground, Outcome
from app.domains.observability.inspections.look import look
from app.domains.observability.inspections.run import DAILY, INSPECT
from app.domains.observability.inspections.score import Score, score, trend
from app.domains.observability.inspections.words import CheckStatus, Weight
from app.kernel.tx import Origin
from tests.events.spine import as_superuser, writing
from tests.events.workers import run_jobs_until
from tests.observability.inspecting import ADDRESS, alerts_of, inspect, item, log
from tests.support.tenants import Tenant

ALERT = "security.backups.recency"
IN_A_WEEK = (datetime.now(UTC) + timedelta(days=7)).isoformat()


def backed_up(tenant: Tenant) -> None:
    log(tenant, "backup.succeeded")


def test_a_run_answers_every_check_with_evidence(tenant: Tenant) -> None:
    run = inspect(tenant, baseline_version="phase25-v1", something_of_an_old_client=1)
    counts = [run[f"{word}_checks"] for word in ("passed", "warned", "failed")]
    assert sum(counts) == run["total_checks"] == len(run["items"])
    assert {one["check_key"] for one in run["items"]} | set(run["not_applicable"]) == {c.key for c in CHECKS}
    assert len(CHECKS) >= 20
    assert run["status"] == "COMPLETED"
    assert run["score_percent"] == pytest.approx((counts[0] + counts[1] / 2) / sum(counts) * 100, abs=0.005)
    assert item(run, "database.row_security")["status"] == "PASS"
    assert item(run, "database.row_security")["evidence"]["tables"] >= 20
    assert (run["previous_id"], run["score_change"], run["executed_by"]) == (
        None,
        None,
        f"user:{tenant.admin_id}",
    )
    broken = [one["message"] for one in run["items"] if "could not be carried out" in one["message"]]
    assert broken == []


def test_the_call_waits_for_the_worker(tenant: Tenant) -> None:
    answers: list[Any] = []

    def ask() -> None:
        answers.append(tenant.client.post(f"{ADDRESS}:runs", json={}))

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        run_jobs_until(lambda: bool(answers) or asking.done(), tenant.server, [INSPECT.job])
        asking.result()
    assert answers[0].status_code == 201
    assert answers[0].json()["status"] == "COMPLETED"
    assert answers[0].json()["items"]


def test_without_a_worker_the_answer_is_the_run_as_it_is(tenant: Tenant) -> None:
    answer = tenant.client.post(f"{ADDRESS}:runs?wait_seconds=0", json={})
    assert answer.status_code == 201
    assert (answer.json()["status"], answer.json()["items"], answer.json()["score_percent"]) == (
        "RUNNING",
        [],
        None,
    )


def test_a_failure_raises_one_alert_and_its_repair_closes_it(tenant: Tenant) -> None:
    first = inspect(tenant)
    assert "backups.recency" in first["new_failures"]
    inspect(tenant)
    ours = [line for line in alerts_of(tenant.server, tenant) if line[0] == ALERT]
    assert [(key, status) for key, status, _ in ours] == [(ALERT, "OPEN")]
    assert "There is no backup." in ours[0][2]
    backed_up(tenant)
    third = inspect(tenant)
    assert third["fixed"] == ["backups.recency"]
    assert third["new_failures"] == []
    assert third["score_change"] > 0
    ours = [line for line in alerts_of(tenant.server, tenant) if line[0] == ALERT]
    assert [status for _, status, _ in ours] == ["CLOSED"]


def test_runs_are_listed_newest_first_with_their_items(tenant: Tenant) -> None:
    made = [inspect(tenant)["id"] for _ in range(3)]
    page = tenant.client.get(f"{ADDRESS}/runs?limit=2")
    assert [run["id"] for run in page.json()] == made[:0:-1]
    assert all(len(run["items"]) == run["total_checks"] for run in page.json())
    rest = tenant.client.get(page.links["next"]["url"]).json()
    assert [run["id"] for run in rest] == made[:1]
    assert tenant.client.get(f"{ADDRESS}/runs?status=RUNNING").json() == []
    assert tenant.client.get(f"{ADDRESS}/runs?limit=201").status_code == 422


def test_a_waiver_stops_the_alert_and_changes_no_figure(tenant: Tenant) -> None:
    before = inspect(tenant)
    body = {"reason": "Backups begin on Monday.", "expires_at": IN_A_WEEK}
    waived = tenant.client.put(f"{ADDRESS}/waivers/backups.recency", json=body)
    assert waived.status_code == 200, waived.text
    assert [status for key, status, _ in alerts_of(tenant.server, tenant) if key == ALERT] == ["CLOSED"]
    run = inspect(tenant)
    assert item(run, "backups.recency")["waived"] is True
    assert (item(run, "backups.recency")["status"], run["score_percent"]) == ("FAIL", before["score_percent"])
    assert [status for key, status, _ in alerts_of(tenant.server, tenant) if key == ALERT] == ["CLOSED"]
    (listed,) = [
        check for check in tenant.client.get(f"{ADDRESS}/checks").json() if check["waived_until"] is not None
    ]
    assert (listed["check_key"], listed["waiver_reason"]) == ("backups.recency", body["reason"])
    over = body | {"expires_at": "2020-01-01T00:00:00Z"}
    assert tenant.client.put(f"{ADDRESS}/waivers/backups.recency", json=over).json()["version"] == 2
    assert item(inspect(tenant), "backups.recency")["waived"] is False
    assert [status for key, status, _ in alerts_of(tenant.server, tenant) if key == ALERT] == [
        "CLOSED",
        "OPEN",
    ]


def test_a_waiver_needs_a_check_a_reason_and_an_end(tenant: Tenant) -> None:
    body = {"reason": "Known.", "expires_at": IN_A_WEEK}
    unknown = tenant.client.put(f"{ADDRESS}/waivers/no.such", json=body)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "inspection_check_unknown")
    path = f"{ADDRESS}/waivers/oncall.coverage"
    assert tenant.client.put(path, json=body | {"reason": " "}).status_code == 422
    assert tenant.client.put(path, json={"reason": "Known."}).status_code == 422
    far = (datetime.now(UTC) + timedelta(days=400)).isoformat()
    assert tenant.client.put(path, json=body | {"expires_at": far}).json()["errors"][0]["code"] == "too_late"


def test_the_daily_run_is_one_of_the_system(tenant: Tenant) -> None:
    DAILY.perform(tenant.server.database, tenant.id, "tick:test", {})
    (run,) = tenant.client.get(f"{ADDRESS}/runs").json()
    assert (run["status"], run["executed_by"]) == ("COMPLETED", f"system:{DAILY.name}")


def test_runs_older_than_400_days_are_forgotten_with_their_items(tenant: Tenant) -> None:
    old, young = inspect(tenant), inspect(tenant)
    for run, days in ((old, 401), (young, 399)):
        as_superuser(
            tenant.server.urls,
            "UPDATE inspection_run SET created_at = now() - %(days)s * interval '1 day'"
            " WHERE tenant_id = %(tenant)s AND id = %(id)s",
            days=days,
            tenant=tenant.id,
            id=run["id"],
        )
    DAILY.perform(tenant.server.database, tenant.id, "tick:test", {})
    left = [run["id"] for run in tenant.client.get(f"{ADDRESS}/runs").json()]
    assert (young["id"] in left, old["id"] in left, len(left)) == (True, False, 2)
    with psycopg.connect(tenant.server.urls.superuser_url) as conn:
        items = conn.execute(
            "SELECT count(*) FROM inspection_item WHERE run_id = %s", (old["id"],)
        ).fetchone()
    assert items == (0,)


def test_two_who_waive_at_once_leave_one_waiver(tenant: Tenant) -> None:
    body = {"reason": "Known.", "expires_at": IN_A_WEEK}
    clients = [tenant.with_token(tenant.token) for _ in range(4)]
    path = f"{ADDRESS}/waivers/oncall.coverage"
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda client: client.put(path, json=body), clients))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert sorted(answer.json()["version"] for answer in answers) == [1, 2, 3, 4]
    stale = tenant.client.put(path, json=body, headers={"If-Match": '"1"'})
    assert stale.status_code == 412


def test_the_next_run_goes_on_where_the_audit_log_was_intact(tenant: Tenant, relay: Any) -> None:
    relay(tenant)
    first = item(inspect(tenant), "audit.chain_verified")["evidence"]
    relay(tenant)
    second = item(inspect(tenant), "audit.chain_verified")["evidence"]
    assert (first["since_seq"], second["since_seq"]) == (0, first["head_seq"])
    assert second["head_seq"] > first["head_seq"] > 0


def _broken(_: Ground) -> Outcome:
    raise ZeroDivisionError("secret detail")


def test_a_check_that_breaks_is_a_warning_and_spoils_no_other(tenant: Tenant) -> None:
    def sql_error(ground: Ground) -> Outcome:
        ground.tx.conn.exec_driver_sql("SELECT no_such_column")
        raise AssertionError("unreachable")

    checks = [
        Check("test.broken", Weight.LOW, "t", "r", _broken),
        Check("test.sql", Weight.LOW, "t", "r", sql_error),
        next(check for check in CHECKS if check.key == "oncall.coverage"),
    ]
    with capture_logs() as logs:
        found = look(tenant.server.database, tenant.id, Origin("t", "t"), checks=checks).outcomes
    assert [found[key].status for key in ("test.broken", "test.sql")] == [CheckStatus.WARN, CheckStatus.WARN]
    assert found["test.broken"].message == "The check could not be carried out: ZeroDivisionError."
    assert found["oncall.coverage"].message == "Nobody is on call now."
    assert [line["check"] for line in logs] == ["test.broken", "test.sql"]


def test_a_check_can_write_nothing(tenant: Tenant) -> None:
    def write(ground: Ground) -> Outcome:
        ground.tx.conn.exec_driver_sql("UPDATE identity_user SET stamp = stamp + 1")
        raise AssertionError("unreachable")

    check = Check("test.write", Weight.LOW, "t", "r", write)
    with capture_logs() as logs:
        found = look(tenant.server.database, tenant.id, Origin("t", "t"), checks=[check]).outcomes
    assert found["test.write"].evidence == {"error": "InternalError"}
    assert [line["event"] for line in logs] == ["inspection_check_failed"]


def test_a_run_that_can_not_be_carried_out_ends_as_failed(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(running, "look", gone)
    with pytest.raises(OSError, match="disk"):
        DAILY.perform(tenant.server.database, tenant.id, "tick:test", {})
    (run,) = tenant.client.get(f"{ADDRESS}/runs").json()
    assert (run["status"], run["items"]) == ("FAILED", [])
    monkeypatch.setattr(running, "look", looking.look)
    assert inspect(tenant)["previous_id"] is None


def test_a_run_that_has_ended_is_left_alone(tenant: Tenant) -> None:
    run = inspect(tenant)
    with writing(tenant.server.database, tenant.id) as tx:
        service.conclude(tx, UUID(run["id"]), looking.Findings())
        service.give_up(tx, UUID(run["id"]))
    assert tenant.client.get(f"{ADDRESS}/runs/{run['id']}").json() == run


@pytest.mark.parametrize(
    ("counts", "percent"), [((2, 0, 0), 100.0), ((1, 1, 1), 50.0), ((0, 0, 3), 0.0), ((0, 0, 0), 0.0)]
)
def test_score(counts: tuple[int, int, int], percent: float) -> None:
    words = ["PASS"] * counts[0] + ["WARN"] * counts[1] + ["FAIL"] * counts[2]
    assert score(words) == Score(*counts)
    assert score(words).percent == percent


def test_trend_compares_failures_only() -> None:
    before = {"a": "FAIL", "b": "PASS", "c": "FAIL", "d": "FAIL", "e": "WARN"}
    now = {"a": "FAIL", "b": "FAIL", "c": "WARN", "e": "FAIL", "f": "FAIL"}
    found = trend(before, now)
    assert (found.new_failures, found.fixed) == (["b", "e", "f"], ["c"])
