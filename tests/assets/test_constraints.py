"""What the database itself refuses, whoever writes: every CHECK, UNIQUE and EXCLUDE of the fleet's tables, raw."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from tests.support.server import Server
from tests.support.tenants import Tenant

TABLES = (
    "drone", "region", "asset", "placement", "installation", "health_report", "reservation", "asset_block",
    "work_order",
)  # fmt: skip
Row = dict[str, Any]
T0, T1, T2, T3 = (f"2031-01-01T{hour:02}:00:00Z" for hour in (8, 9, 10, 11))
STAMPS = {"created_at": T0, "updated_at": T0}


class Rows:
    """A valid row of every table, all of one tenant, and the connection of the app's role that inserts them."""

    def __init__(self, conn: psycopg.Connection, tenant: UUID) -> None:
        self.conn = conn
        self.tenant = tenant
        self.ids = {table: uuid4() for table in TABLES}

    def valid(self, table: str) -> Row:
        ids = self.ids
        whole = {
            "drone": {"name": "K-1", "vendor": "FAKE", **STAMPS},
            "region": {"code": "EAST", "path": "x/", **STAMPS},
            "asset": {"asset_type": "UAV", "asset_code": "A-1", "name": "One", **STAMPS},
            "placement": {"asset_id": ids["asset"], "region_id": ids["region"], "starts_at": T1},
            "installation": {
                "asset_id": ids["asset"], "drone_id": ids["drone"], "slot": "airframe", "starts_at": T1,
            },
            "health_report": {
                "asset_id": ids["asset"], "health_status": "HEALTHY", "reported_at": T1, "reported_by": "x",
            },
            "reservation": {"status": "CONFIRMED", "reserved_by": "x", **STAMPS},
            "work_order": {"asset_id": ids["asset"], "title": "Inspect", "created_by": "x", **STAMPS},
            "asset_block": {
                "asset_id": ids["asset"], "kind": "RESERVATION", "reservation_id": ids["reservation"],
                "starts_at": T1, "ends_at": T2, "created_by": "x", **STAMPS,
            },
        }  # fmt: skip
        return {"tenant_id": self.tenant, "id": ids[table], **whole[table]}

    def insert(self, table: str, **changes: Any) -> None:
        row = self.valid(table) | changes
        columns = sql.SQL(", ").join(map(sql.Identifier, row))
        values = sql.SQL(", ").join(sql.Placeholder() * len(row))
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(sql.Identifier(table), columns, values)
        given = [Jsonb(value) if isinstance(value, dict) else value for value in row.values()]
        self.conn.execute(statement, given)


@pytest.fixture
def rows(server: Server, tenant: Tenant) -> Any:
    with psycopg.connect(server.urls.app_url) as conn:
        conn.execute("SELECT set_config('app.tenant_id', %s, true)", (str(tenant.id),))
        made = Rows(conn, tenant.id)
        for table in TABLES:
            made.insert(table)
        yield made
        conn.rollback()


def again(**changes: Any) -> Callable[[Rows], Row]:
    """The valid row once more under another id."""
    return lambda _: {"id": uuid4(), **changes}


def order_block(**changes: Any) -> Callable[[Rows], Row]:
    """A block of the work order, at the time of the reservation unless said otherwise."""
    return lambda rows: {
        "id": uuid4(), "kind": "MAINTENANCE", "reservation_id": None, "work_order_id": rows.ids["work_order"],
        **changes,
    }  # fmt: skip


CASES: list[tuple[str, str, Callable[[Rows], Row]]] = [
    ("drone", "ck_drone_name_length", again(name="")),
    ("drone", "ck_drone_name_length", again(name="x" * 101)),
    ("drone", "ck_drone_vendor_word", again(name="K-2", vendor="BOEING")),
    ("drone", "uq_drone_tenant_id_name", again()),
    ("region", "ck_region_code_length", again(code="")),
    ("region", "ck_region_code_length", again(code="x" * 101)),
    ("region", "uq_region_tenant_id_code", again()),
    ("asset", "ck_asset_asset_code_length", again(asset_code="")),
    ("asset", "ck_asset_name_length", again(asset_code="A-2", name="x" * 101)),
    ("asset", "ck_asset_asset_type_word", again(asset_type="ROCKET")),
    ("asset", "ck_asset_health_status_word", again(asset_code="A-2", health_status="FINE")),
    ("asset", "ck_asset_health_score_range", again(asset_code="A-2", health_score=101)),
    ("asset", "ck_asset_retired_with_reason", again(asset_code="A-2", retired_at=T1)),
    ("asset", "ck_asset_retired_with_reason", again(asset_code="A-2", retired_reason="worn out")),
    ("asset", "uq_asset_tenant_id_asset_type_asset_code", again()),
    ("placement", "ck_placement_period", again(starts_at=T1, ends_at=T0)),
    ("placement", "ex_placement_asset", again(starts_at=T0)),
    ("placement", "ex_placement_asset", again(starts_at=T2, ends_at=T3)),
    ("installation", "ck_installation_period", again(starts_at=T1, ends_at=T0)),
    ("installation", "ck_installation_one_host", again(starts_at=T0, ends_at=T1, drone_id=None)),
    (
        "installation",
        "ck_installation_one_host",
        lambda rows: {"id": uuid4(), "starts_at": T0, "ends_at": T1, "parent_asset_id": rows.ids["asset"]},
    ),
    ("installation", "ex_installation_asset", again(slot=None)),
    ("health_report", "ck_health_report_health_score_range", again(health_score=-1)),
    ("health_report", "ck_health_report_health_status_word", again(health_status="FINE")),
    ("reservation", "ck_reservation_status_word", again(status="MAYBE")),
    ("work_order", "ck_work_order_status_word", again(status="DONE")),
    ("work_order", "ck_work_order_priority_range", again(priority=0)),
    ("work_order", "ck_work_order_title_length", again(title="")),
    ("work_order", "ck_work_order_closed_was_started", again(status="CLOSED", closed_at=T1)),
    ("work_order", "ck_work_order_closed_has_time", again(status="CLOSED", started_at=T1)),
    ("work_order", "ck_work_order_closed_has_time", again(closed_at=T1)),
    ("asset_block", "ck_asset_block_kind_word", again(kind="NAP", reservation_id=None)),
    ("asset_block", "ck_asset_block_stated_word", again(kind="MANUAL", reservation_id=None, stated="AWAY")),
    ("asset_block", "ck_asset_block_manual_is_stated", again(kind="MANUAL", reservation_id=None)),
    ("asset_block", "ck_asset_block_manual_is_stated", order_block(stated="IN_USE", starts_at=T2, ends_at=T3)),
    ("asset_block", "ck_asset_block_reservation_of", again(reservation_id=None)),
    ("asset_block", "ck_asset_block_reservation_of", lambda r: order_block(reservation_id=r.ids["reservation"])(r)),
    ("asset_block", "ck_asset_block_maintenance_of", order_block(work_order_id=None)),
    ("asset_block", "ck_asset_block_only_reservations_at_risk", order_block(at_risk=True)),
    ("asset_block", "ck_asset_block_reservations_end", again(standing=True)),
    ("asset_block", "ck_asset_block_period", again(starts_at=T1, ends_at=T1)),
    ("asset_block", "ex_asset_block_reserved", again(starts_at=T0, ends_at=T3)),
    ("asset_block", "ex_asset_block_reserved", again(at_risk=True)),
    ("asset_block", "ex_asset_block_occupancy", order_block()),
]  # fmt: skip


@pytest.mark.parametrize(("table", "constraint", "change"), CASES)
def test_the_database_refuses(rows: Rows, table: str, constraint: str, change: Callable[[Rows], Row]) -> None:
    with pytest.raises(psycopg.errors.IntegrityError) as caught:
        rows.insert(table, **change(rows))
    assert caught.value.diag.constraint_name == constraint


def test_a_slot_holds_one_asset(rows: Rows) -> None:
    other = uuid4()
    rows.insert("asset", id=other, asset_code="A-2")
    with pytest.raises(psycopg.errors.ExclusionViolation) as caught:
        rows.insert("installation", id=uuid4(), asset_id=other)
    assert caught.value.diag.constraint_name == "ex_installation_slot"


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("placement", again(starts_at=T0, ends_at=T1)),
        ("installation", again(starts_at=T0, ends_at=T1)),
        ("asset_block", again(starts_at=T2, ends_at=T3)),
        ("asset_block", again(ended_at=T1)),
        ("asset_block", order_block(starts_at=T2, ends_at=T3)),
        ("asset_block", order_block(ended_at=T1)),
        ("drone", again(deleted_at=T1)),
    ],
)
def test_the_database_lets_pass_what_only_touches_or_is_over(
    rows: Rows, table: str, change: Callable[[Rows], Row]
) -> None:
    rows.insert(table, **change(rows))


def test_down_blocks_may_overlap_one_another(rows: Rows) -> None:
    for _ in range(2):
        rows.insert("asset_block", **order_block(starts_at=T2, ends_at=T3)(rows))


def test_health_reports_are_never_changed(rows: Rows) -> None:
    for statement in ("UPDATE health_report SET health_score = 1", "DELETE FROM health_report"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), rows.conn.transaction():
            rows.conn.execute(statement)


def test_every_constraint_of_the_fleet_is_tried(rows: Rows) -> None:
    found = rows.conn.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = ANY (%s::regclass[]) AND contype IN ('c', 'u', 'x')",
        (list(TABLES),),
    ).fetchall()
    tried = {constraint for _, constraint, _ in CASES} | {"ex_installation_slot"}
    assert {name for (name,) in found} == tried - {"uq_drone_tenant_id_name"}  # that one is a partial index
