"""What the tenant's own records make a check say: users, keys, sign-ins, the audit log, alerts, shifts, backups."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.domains.observability import Finding, Severity, Source, raise_alert
from app.domains.observability.inspections.checks.base import AuditPlace, Outcome
from app.domains.observability.inspections.words import CheckStatus
from app.kernel.ids import new_id
from tests.events.spine import as_superuser, writing
from tests.observability.inspecting import found, log, look_at
from tests.support.server import settings_for
from tests.support.tenants import PASSWORD, Tenant

PASS, WARN, FAIL = CheckStatus.PASS, CheckStatus.WARN, CheckStatus.FAIL
IN_100_DAYS = datetime.now(UTC) + timedelta(days=100)


def test_an_administrator_who_was_not_here_for_90_days_fails(tenant: Tenant) -> None:
    assert found("access.stale_users", tenant).status == PASS
    outcome = found("access.stale_users", tenant, now=IN_100_DAYS)
    assert outcome.status == FAIL
    assert "admin" in outcome.message
    assert outcome.evidence["users"] == [str(tenant.admin_id)]


def test_others_who_were_not_here_are_a_warning_until_they_sign_in_or_are_disabled(tenant: Tenant) -> None:
    name = f"old-{uuid4().hex[:8]}"
    user = tenant.post("/api/identity/users", username=name, password=PASSWORD)
    _move(tenant, "identity_user", str(user["id"]), created_at=datetime.now(UTC) - timedelta(days=91))
    outcome = found("access.stale_users", tenant)
    assert (outcome.status, name in outcome.message) == (WARN, True)
    tenant.login(name)
    assert found("access.stale_users", tenant).status == PASS
    read = tenant.client.get(f"/api/identity/users/{user['id']}").json()
    assert read["last_sign_in_at"] is not None
    _move(
        tenant,
        "identity_user",
        str(user["id"]),
        last_sign_in_at=datetime.now(UTC) - timedelta(days=90, hours=1),
    )
    assert found("access.stale_users", tenant).status == WARN
    assert tenant.client.patch(f"/api/identity/users/{user['id']}", json={"is_active": False}).is_success
    assert found("access.stale_users", tenant).status == PASS


def test_whoever_works_through_an_api_key_is_not_stale(tenant: Tenant) -> None:
    key = tenant.post("/api/identity/api-keys", name="robot", scopes=["identity.read"])
    assert tenant.with_token(str(key["secret"])).get("/api/identity/users").status_code == 200
    _move(tenant, "identity_user", str(tenant.admin_id), created_at=datetime.now(UTC) - timedelta(days=200))
    _move(
        tenant,
        "identity_user",
        str(tenant.admin_id),
        last_sign_in_at=datetime.now(UTC) - timedelta(days=100),
    )
    assert found("access.stale_users", tenant).status == PASS
    _move(
        tenant,
        "identity_api_key",
        str(key["id"]),
        last_used_at=datetime.now(UTC) - timedelta(days=91),
    )
    assert found("access.stale_users", tenant).status == FAIL


def _move(tenant: Tenant, table: str, row_id: str, **columns: object) -> None:
    sets = ", ".join(f"{name} = %({name})s" for name in columns)
    statement = f"UPDATE {table} SET {sets} WHERE tenant_id = %(tenant)s AND id = %(id)s"
    as_superuser(tenant.server.urls, statement, tenant=tenant.id, id=row_id, **columns)


def test_keys_without_an_end_or_use_are_a_warning(tenant: Tenant) -> None:
    assert found("access.stale_keys", tenant).status == PASS
    ends = (datetime.now(UTC) + timedelta(days=300)).isoformat()
    bounded = tenant.post("/api/identity/api-keys", name="bounded", scopes=["events.read"], expires_at=ends)
    assert found("access.stale_keys", tenant).status == PASS
    unused = found("access.stale_keys", tenant, now=IN_100_DAYS)
    assert (unused.status, unused.evidence["unused"]) == (WARN, ["bounded"])
    endless = tenant.post("/api/identity/api-keys", name="endless", scopes=["events.read"])
    outcome = found("access.stale_keys", tenant)
    assert (outcome.status, outcome.evidence["without_expiry"]) == (WARN, ["endless"])
    for key in (bounded, endless):
        assert tenant.client.delete(f"/api/identity/api-keys/{key['id']}").is_success
    assert found("access.stale_keys", tenant).evidence["live"] == 0


def test_everything_in_many_hands_is_a_warning(tenant: Tenant) -> None:
    assert found("access.wildcard_roles", tenant).status == PASS
    role = tenant.post("/api/identity/roles", name="root", permissions=["*"])
    outcome = found("access.wildcard_roles", tenant)
    assert (outcome.status, "root" in outcome.message) == (WARN, True)
    assert tenant.client.delete(f"/api/identity/roles/{role['id']}").is_success
    key = tenant.post("/api/identity/api-keys", name="skeleton", scopes=["*"])
    assert found("access.wildcard_roles", tenant).evidence["keys"] == ["skeleton"]
    assert found("access.wildcard_roles", tenant).status == WARN
    assert tenant.client.delete(f"/api/identity/api-keys/{key['id']}").is_success
    for _ in range(5):
        tenant.as_user("*")
    assert found("access.wildcard_roles", tenant).evidence["users"][0] == "admin"
    assert "6 users hold" in found("access.wildcard_roles", tenant).message


def test_a_real_refused_sign_in_counts(tenant: Tenant) -> None:
    body = {"tenant_id": str(tenant.id), "username": "admin", "password": "wrong-password"}
    assert tenant.client.post("/api/identity/dev-login", json=body).status_code == 401
    assert found("access.failed_logins", tenant).evidence["last_24_hours"] == 1


@pytest.mark.parametrize(
    ("recent", "usual", "status"),
    [(19, 0, PASS), (20, 0, WARN), (20, 70, PASS), (60, 70, WARN), (200, 0, FAIL), (200, 700, PASS)],
)
def test_a_spike_of_refused_sign_ins(tenant: Tenant, recent: int, usual: int, status: CheckStatus) -> None:
    log(tenant, "identity.login.failed", times=recent)
    log(tenant, "identity.login.failed", ago=timedelta(days=3), times=usual)
    log(tenant, "identity.login.failed", ago=timedelta(days=9), times=10)
    outcome = found("access.failed_logins", tenant)
    assert outcome.status == status, outcome
    assert outcome.evidence["last_24_hours"] == recent


def test_a_changed_audit_log_fails_and_the_next_look_begins_where_the_last_ended(
    tenant: Tenant, relay: Callable[[Tenant], int]
) -> None:
    relay(tenant)
    first = found("audit.chain_verified", tenant)
    assert first.status == PASS
    assert first.audit is not None
    assert first.evidence["checked"] == first.audit.seq > 0
    tenant.as_user()
    relay(tenant)

    def again(place: AuditPlace) -> Outcome:
        settings = settings_for(tenant.server.urls)
        outcome = look_at(
            "audit.chain_verified", tenant.server.database, tenant.id, settings, audit_from=place
        )
        assert isinstance(outcome, Outcome)
        return outcome

    second = again(first.audit)
    assert second.status == PASS
    assert 0 < second.evidence["checked"] < second.evidence["head_seq"]
    assert again(AuditPlace(first.audit.seq, bytes(32))).evidence["mismatch"]["reason"] == "anchor"
    as_superuser(
        tenant.server.urls,
        "UPDATE event SET actor = 'user:somebody-else' WHERE tenant_id = %(tenant)s AND id ="
        " (SELECT event_id FROM event_seal WHERE tenant_id = %(tenant)s ORDER BY seq DESC LIMIT 1)",
        tenant=tenant.id,
    )
    changed = again(first.audit)
    assert (changed.status, changed.evidence["mismatch"]["reason"]) == (FAIL, "altered")


def test_more_than_three_alerts_that_nobody_took_on_are_a_warning(tenant: Tenant) -> None:
    def raise_one(number: int, source: Source = Source.PLATFORM, severity: Severity = Severity.P2) -> None:
        with writing(tenant.server.database, tenant.id) as tx:
            raise_alert(tx, Finding(source, "test.open", f"thing:{number}", severity, "Open", "It is open."))

    for number in range(3):
        raise_one(number)
        raise_one(100 + number, source=Source.SECURITY)
        raise_one(200 + number, severity=Severity.P3)
    assert found("alerts.open_budget", tenant).status == PASS
    raise_one(3)
    assert found("alerts.open_budget", tenant).status == WARN


def test_nobody_on_call_now_or_soon_is_a_warning(tenant: Tenant) -> None:
    assert found("oncall.coverage", tenant).message == "Nobody is on call now."
    _shift(tenant, timedelta(hours=-1), timedelta(hours=8))
    gap = found("oncall.coverage", tenant)
    assert (gap.status, "gap_from" in gap.evidence) == (WARN, True)
    _shift(tenant, timedelta(hours=9), timedelta(hours=30))
    assert found("oncall.coverage", tenant).evidence["gap_from"] == gap.evidence["gap_from"]
    _shift(tenant, timedelta(hours=7), timedelta(hours=10))
    assert found("oncall.coverage", tenant).status == PASS


def _shift(tenant: Tenant, start: timedelta, end: timedelta) -> None:
    now = datetime.now(UTC)
    as_superuser(
        tenant.server.urls,
        "INSERT INTO oncall_shift (tenant_id, id, shift_name, target, starts_at, ends_at, created_by,"
        " created_at, updated_at) VALUES (%(tenant)s, %(id)s, 's', 'ana', %(start)s, %(end)s, 'x', now(), now())",
        tenant=tenant.id,
        id=new_id(),
        start=now + start,
        end=now + end,
    )


@pytest.mark.parametrize(
    ("key", "events", "status"),
    [
        ("backups.recency", {}, FAIL),
        ("backups.recency", {"backup.succeeded": 1}, PASS),
        ("backups.recency", {"backup.succeeded": 3}, WARN),
        ("backups.recency", {"backup.succeeded": 8, "backup.failed": 0}, FAIL),
        ("drills.last_passed", {}, WARN),
        ("drills.last_passed", {"restore_drill.passed": 1}, PASS),
        ("drills.last_passed", {"restore_drill.passed": 31}, WARN),
        ("drills.last_passed", {"restore_drill.passed": 2, "restore_drill.failed": 1}, FAIL),
        ("drills.last_passed", {"restore_drill.passed": 1, "restore_drill.failed": 2}, PASS),
    ],
)
def test_backups_and_drills(tenant: Tenant, key: str, events: dict[str, Any], status: CheckStatus) -> None:
    for event_type, days in events.items():
        log(tenant, event_type, ago=timedelta(days=days))
    assert found(key, tenant).status == status
