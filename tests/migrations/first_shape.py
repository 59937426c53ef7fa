"""Rows as the first system left them at revision 202602240034: every status word, whole and half-filled."""

from uuid import UUID, uuid4

import psycopg

REVISION = "202602240034"
TABLES = ("drone", "asset", "work_order", "work_order_history")

_TYPES = ("UAV", "PAYLOAD", "BATTERY", "CONTROLLER", "DOCK")
_AVAILABILITY = ("AVAILABLE", "RESERVED", "IN_USE", "MAINTENANCE", "UNAVAILABLE")
_HEALTH = ("UNKNOWN", "HEALTHY", "DEGRADED", "CRITICAL")
_REGIONS = (None, "REGION-EAST", "REGION-WEST", " ")
_STATUS = ("OPEN", "IN_PROGRESS", "CLOSED", "CANCELED")
PER_TENANT = 60


def seed(conn: psycopg.Connection) -> tuple[UUID, UUID]:
    """Two tenants with the same codes and names, so that a rule which forgets the tenant collides."""
    tenants = (uuid4(), uuid4())
    for number, tenant in enumerate(tenants):
        conn.execute(
            "INSERT INTO tenant (id, name, created_at) VALUES (%s, %s, now())",
            (tenant, f"old {number} {tenant}"),
        )
        _seed_tenant(conn, tenant)
    return tenants


def counts(conn: psycopg.Connection) -> dict[str, int]:
    """Rows of the first shape's tables, which no step may lose."""
    found = {}
    for table in TABLES:
        row = conn.execute(f"SELECT count(*) FROM {table}").fetchone()
        found[table] = int(row[0]) if row else 0
    return found


def _seed_tenant(conn: psycopg.Connection, tenant: UUID) -> None:
    drones = [uuid4() for _ in range(4)]
    for number, drone in enumerate(drones):
        conn.execute(
            "INSERT INTO drone (tenant_id, id, name, vendor, created_at, updated_at)"
            " VALUES (%s, %s, %s, 'FAKE', now(), now())",
            (tenant, drone, f"drone {number}"),
        )
    for number in range(PER_TENANT):
        retired = number % 10 == 9
        drone = drones[number // 20] if number % 5 == 0 and not retired else None
        _seed_asset(conn, tenant, number, drone=drone, retired=retired)


def _seed_asset(
    conn: psycopg.Connection, tenant: UUID, number: int, *, drone: UUID | None, retired: bool
) -> None:
    asset = uuid4()
    health = _HEALTH[number % 4]
    conn.execute(
        "INSERT INTO asset (tenant_id, id, asset_type, asset_code, name, availability_status, health_status,"
        " health_score, last_health_at, region_code, bound_to_drone_id, bound_at, retired_at, retired_reason,"
        " created_at, updated_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            tenant,
            asset,
            _TYPES[number % 5],
            f"A-{number:03}",
            f"asset {number}",
            _AVAILABILITY[(number // 5) % 5],
            health,
            None if health == "UNKNOWN" else number,
            None if health == "UNKNOWN" else "2026-01-15T08:00:00Z",
            _REGIONS[number % 4],
            drone,
            drone and "2026-01-10T08:00:00Z",
            "2026-01-20T08:00:00Z" if retired else None,
            "worn out" if retired and number % 20 == 19 else None,
            "2026-01-01T08:00:00Z",
            "2026-01-20T08:00:00Z",
        ),
    )
    if number % 3 == 0:
        _seed_work_order(conn, tenant, asset, _STATUS[(number // 3) % 4])


def _seed_work_order(conn: psycopg.Connection, tenant: UUID, asset: UUID, status: str) -> None:
    order = uuid4()
    closed = "2026-01-19T08:00:00Z" if status == "CLOSED" else None
    conn.execute(
        "INSERT INTO work_order (tenant_id, id, asset_id, title, status, created_by, closed_at, closed_by,"
        " created_at, updated_at) VALUES (%s, %s, %s, 'inspect', %s, 'old', %s, %s, %s, %s)",
        (
            tenant,
            order,
            asset,
            status,
            closed,
            closed and "old",
            "2026-01-18T08:00:00Z",
            "2026-01-19T08:00:00Z",
        ),
    )
    steps = [("created", None, "OPEN")] + ([("status_changed", "OPEN", status)] if status != "OPEN" else [])
    for action, before, after in steps:
        conn.execute(
            "INSERT INTO work_order_history (tenant_id, id, work_order_id, action, from_status, to_status, created_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, '2026-01-18T08:00:00Z')",
            (tenant, uuid4(), order, action, before, after),
        )
