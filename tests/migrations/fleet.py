"""A fleet as the first system left it at revision 202602240034, named row by row, and the facts it must become."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

FIRST_SHAPE = "202602240034"
STEPS = tuple(f"2026022400{number}" for number in range(35, 44))
LAST = "202602240044"
MADE, BOUND, CHANGED = (datetime(2026, 1, day, 8, tzinfo=UTC) for day in (1, 5, 20))
RETIRED, BEGUN, CLOSED = (datetime(2026, 1, day, 9, tzinfo=UTC) for day in (19, 10, 12))
Row = dict[str, Any]

ASSETS: dict[str, Row] = {
    "free": {},
    "east": {"region_code": "EAST", "availability_status": "IN_USE"},
    "east-too": {"region_code": "EAST", "availability_status": "RESERVED"},
    "blank": {"region_code": "  ", "availability_status": "MAINTENANCE"},
    "healthy": {"health_status": "HEALTHY", "health_score": 80, "last_health_at": BEGUN},
    "critical": {
        "health_status": "CRITICAL",
        "last_health_at": CLOSED,
        "availability_status": "UNAVAILABLE",
        "region_code": "WEST",
    },
    "bound": {"region_code": "WEST", "bound_to_drone_id": "K-1", "bound_at": BOUND},
    "bound-undated": {"bound_to_drone_id": "K-2"},
    "retired": {"region_code": "EAST", "availability_status": "IN_USE", "retired_at": RETIRED},
    "retired-bound": {
        "bound_to_drone_id": "K-1",
        "bound_at": BOUND,
        "retired_at": RETIRED,
        "retired_reason": "worn out",
    },
}
ORDERS: dict[str, Row] = {
    "open": {"status": "OPEN"},
    "begun": {"status": "IN_PROGRESS", "assigned_to": "ana"},
    "begun-unrecorded": {"status": "IN_PROGRESS", "assigned_to": "BY-ID"},
    "closed": {"status": "CLOSED", "closed_at": CLOSED, "closed_by": "x", "assigned_to": "only-in-the-first"},
    "closed-undated": {"status": "CLOSED", "assigned_to": "Hans the mechanic"},
    "canceled": {"status": "CANCELED"},
}


@dataclass
class Tenant:
    """One tenant's rows by the name they have in the tables above."""

    id: UUID = field(default_factory=uuid4)
    users: dict[str, UUID] = field(default_factory=dict)
    drones: dict[str, UUID] = field(default_factory=dict)
    assets: dict[str, UUID] = field(default_factory=dict)
    orders: dict[str, UUID] = field(default_factory=dict)


def seed(conn: psycopg.Connection) -> list[Tenant]:
    """Two tenants with the same names, so that a rule which forgets the tenant is seen."""
    tenants = [Tenant(), Tenant()]
    for number, tenant in enumerate(tenants):
        conn.execute(
            "INSERT INTO tenant (id, name, created_at) VALUES (%s, %s, now())", (tenant.id, str(tenant.id))
        )
        for name in ("ana", "bo") if number else ("ana", "bo", "only-in-the-first"):
            tenant.users[name] = _insert(
                conn, tenant, "identity_user", username=name, password_hash="x", is_active=True, stamp=1
            )
        for name in ("K-1", "K-2"):
            tenant.drones[name] = _insert(conn, tenant, "drone", name=name, vendor="FAKE")
        for name, row in ASSETS.items():
            tenant.assets[name] = seed_asset(conn, tenant, name, **row)
        for name, row in ORDERS.items():
            _seed_order(conn, tenant, name, row)
    return tenants


def seed_asset(conn: psycopg.Connection, tenant: Tenant, name: str, **row: Any) -> UUID:
    if "bound_to_drone_id" in row:
        row["bound_to_drone_id"] = tenant.drones[row["bound_to_drone_id"]]
    return _insert(conn, tenant, "asset", asset_type="UAV", asset_code=name, name=name, **row)


def _seed_order(conn: psycopg.Connection, tenant: Tenant, name: str, row: Row) -> None:
    assignee = row.get("assigned_to")
    given = row | {"assigned_to": str(tenant.users["bo"]) if assignee == "BY-ID" else assignee}
    order = _insert(
        conn, tenant, "work_order", asset_id=tenant.assets["free"], title=name, created_by="x", **given
    )
    tenant.orders[name] = order
    if name in {"begun", "closed"}:
        for days, to in ((0, "IN_PROGRESS"), (1, "OPEN"), (2, "IN_PROGRESS")):
            conn.execute(
                "INSERT INTO work_order_history (tenant_id, id, work_order_id, action, to_status, created_at)"
                " VALUES (%s, %s, %s, 'status_changed', %s, %s)",
                (tenant.id, uuid4(), order, to, BEGUN + timedelta(days=days)),
            )


def _insert(conn: psycopg.Connection, tenant: Tenant, table: str, **row: Any) -> UUID:
    whole = {"tenant_id": tenant.id, "id": uuid4(), "created_at": MADE, "updated_at": CHANGED} | row
    columns = sql.SQL(", ").join(map(sql.Identifier, whole))
    values = sql.SQL(", ").join(sql.Placeholder() * len(whole))
    conn.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(sql.Identifier(table), columns, values),
        list(whole.values()),
    )
    made: UUID = whole["id"]
    return made


def table(conn: psycopg.Connection, tenant: Tenant, name: str, key: str) -> dict[str, Row]:
    """A tenant's rows of a table, by a column."""
    with conn.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            sql.SQL("SELECT * FROM {} WHERE tenant_id = %s").format(sql.Identifier(name)), (tenant.id,)
        )
        return {str(row[key]): row for row in cursor}


def _by_asset(conn: psycopg.Connection, tenant: Tenant, query: str) -> dict[str, list[tuple[Any, ...]]]:
    names = {asset: name for name, asset in tenant.assets.items()}
    found: dict[str, list[tuple[Any, ...]]] = {}
    for asset, *rest in conn.execute(query, (tenant.id,)):  # type: ignore[call-overload]
        found.setdefault(names[asset], []).append(tuple(rest))
    return found


def placements(conn: psycopg.Connection, tenant: Tenant) -> dict[str, list[tuple[Any, ...]]]:
    """(region code, from, until) by asset, in time."""
    return _by_asset(
        conn,
        tenant,
        "SELECT p.asset_id, r.code, p.starts_at, p.ends_at FROM placement p"
        " JOIN region r ON r.tenant_id = p.tenant_id AND r.id = p.region_id"
        " WHERE p.tenant_id = %s ORDER BY p.starts_at",
    )


def installations(conn: psycopg.Connection, tenant: Tenant) -> dict[str, list[tuple[Any, ...]]]:
    """(drone name, from, until) by asset, in time."""
    return _by_asset(
        conn,
        tenant,
        "SELECT i.asset_id, d.name, i.starts_at, i.ends_at FROM installation i"
        " JOIN drone d ON d.tenant_id = i.tenant_id AND d.id = i.drone_id"
        " WHERE i.tenant_id = %s ORDER BY i.starts_at",
    )


def statements(conn: psycopg.Connection, tenant: Tenant) -> dict[str, list[tuple[Any, ...]]]:
    """(stated, from, ended, standing) by asset, in time."""
    return _by_asset(
        conn,
        tenant,
        "SELECT asset_id, stated, starts_at, ended_at, standing FROM asset_block"
        " WHERE tenant_id = %s AND kind = 'MANUAL' ORDER BY starts_at",
    )


def disagreements(conn: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Assets of any tenant in service whose facts are not what their words say."""
    return conn.execute(
        """
        SELECT a.asset_code, a.region_code, r.codes, a.availability_status, b.words
        FROM asset a
        LEFT JOIN LATERAL (SELECT array_agg(g.code) AS codes FROM placement p
            JOIN region g ON g.tenant_id = p.tenant_id AND g.id = p.region_id
            WHERE p.tenant_id = a.tenant_id AND p.asset_id = a.id AND p.ends_at IS NULL) r ON true
        LEFT JOIN LATERAL (SELECT array_agg(stated) AS words FROM asset_block m
            WHERE m.tenant_id = a.tenant_id AND m.asset_id = a.id AND m.kind = 'MANUAL' AND m.active) b ON true
        WHERE a.retired_at IS NULL AND (
            coalesce(r.codes, '{}') <> array_remove(ARRAY[a.region_code], NULL)
            OR coalesce(b.words, ARRAY['AVAILABLE']) <> ARRAY[a.availability_status])
        """
    ).fetchall()
