"""When users signed in last: taken from sessions and the event log of the release before, mended, insisted on."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from app.kernel.db import migrate as m
from tests.migrations.databases import plain_owner, throwaway

BEFORE, EXPANDED, FILLED, ENFORCED = "202602280109", "202602280110", "202602280111", "202602280112"
MADE = datetime(2026, 1, 1, 8, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def conn(pg: Any) -> Iterator[psycopg.Connection]:
    with (
        throwaway(pg) as urls,
        psycopg.connect(urls.superuser_url, autocommit=True, prepare_threshold=None) as made,
    ):
        made.urls = urls  # type: ignore[attr-defined]
        yield made


def new_tenant(conn: psycopg.Connection) -> UUID:
    tenant = uuid4()
    conn.execute("INSERT INTO tenant (id, name, created_at) VALUES (%s, %s, %s)", (tenant, tenant.hex, MADE))
    return tenant


def new_user(conn: psycopg.Connection, tenant: UUID, name: str) -> UUID:
    user = uuid4()
    conn.execute(
        "INSERT INTO identity_user (tenant_id, id, username, password_hash, is_active, stamp, created_at, updated_at)"
        " VALUES (%s, %s, %s, 'x', true, 1, %s, %s)",
        (tenant, user, name, MADE, MADE),
    )
    return user


def sign_in(conn: psycopg.Connection, tenant: UUID, user: UUID, at: datetime) -> None:
    """The session that a sign-in leaves until it expires."""
    conn.execute(
        "INSERT INTO identity_session (tenant_id, id, user_id, kind, expires_at, created_at)"
        " VALUES (%s, %s, %s, 'token', %s, %s)",
        (tenant, uuid4(), user, at + DAY, at),
    )


def logged(
    conn: psycopg.Connection, tenant: UUID, user: UUID, at: datetime, result: str = "succeeded"
) -> None:
    """The line of the event log, which stays."""
    event, subject = uuid4(), f"user:{user}"
    conn.execute(
        "INSERT INTO event (tenant_id, id, type, at, actor, subject, related, correlation_id, request_id, payload)"
        " VALUES (%s, %s, %s, %s, %s, %s, '{}', 'c', 'r', '{}')",
        (tenant, event, f"identity.login.{result}", at, subject, subject),
    )
    conn.execute(
        "INSERT INTO event_ref (tenant_id, ref, event_id) VALUES (%s, %s, %s)", (tenant, subject, event)
    )


def last(conn: psycopg.Connection) -> dict[str, datetime | None]:
    return dict(conn.execute("SELECT username, last_sign_in_at FROM identity_user").fetchall())


@pytest.mark.parametrize("kind", ["usual", "plain"])
def test_sessions_and_the_log_say_when(conn: Any, kind: str) -> None:
    if kind == "usual":
        _journey(conn, conn.urls.owner_url)
    else:
        with plain_owner(conn.urls) as url:
            _journey(conn, url)


def _journey(conn: psycopg.Connection, url: str) -> None:
    m.upgrade(url, BEFORE)
    tenant, other = new_tenant(conn), new_tenant(conn)
    users = {
        name: new_user(conn, tenant, name) for name in ("never", "session", "log", "both", "odd", "refused")
    }
    sign_in(conn, tenant, users["session"], MADE + DAY)
    sign_in(conn, tenant, users["session"], MADE + 2 * DAY)
    logged(conn, tenant, users["log"], MADE + 3 * DAY)
    logged(conn, tenant, users["log"], MADE + DAY)
    logged(conn, tenant, users["log"], MADE + 9 * DAY, "failed")
    sign_in(conn, tenant, users["both"], MADE + 4 * DAY)
    logged(conn, tenant, users["both"], MADE + 5 * DAY)
    logged(conn, tenant, users["odd"], MADE - DAY)
    logged(conn, tenant, users["refused"], MADE + DAY, "failed")
    theirs = new_user(conn, other, "theirs")
    logged(conn, other, users["never"], MADE + DAY)  # the same id in another tenant is somebody else
    sign_in(conn, other, theirs, MADE + 6 * DAY)

    m.upgrade(url, EXPANDED)
    assert set(last(conn).values()) == {None}
    m.upgrade(url, FILLED)
    filled = {
        "never": None,
        "refused": None,
        "session": MADE + 2 * DAY,
        "log": MADE + 3 * DAY,
        "both": MADE + 5 * DAY,
        "odd": MADE - DAY,
        "theirs": MADE + 6 * DAY,
    }
    assert last(conn) == filled

    # The release before still serves: it lets people in and writes no such column.
    sign_in(conn, tenant, users["never"], MADE + 7 * DAY)
    sign_in(conn, tenant, users["session"], MADE + 8 * DAY)
    sign_in(conn, tenant, users["refused"], MADE - DAY)
    m.upgrade(url, ENFORCED)
    mended = filled | {"never": MADE + 7 * DAY, "session": MADE + 8 * DAY, "odd": MADE, "refused": MADE}
    assert last(conn) == mended
    with pytest.raises(psycopg.errors.CheckViolation, match="ck_identity_user_signed_in_after_made"):
        conn.execute("UPDATE identity_user SET last_sign_in_at = created_at - interval '1 second'")

    m.downgrade(url, BEFORE)
    m.upgrade(url, ENFORCED)
    assert last(conn) == mended
