"""Between expand and contract the previous release still writes words: the triggers keep the facts beside them right."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from app.kernel.db import migrate as m
from tests.migrations import fleet
from tests.migrations.databases import throwaway
from tests.migrations.fleet import STEPS
from tests.support.waiting import somebody_waits, wait_until


class Old:
    """A database somewhere between the shapes, and the app's role writing to it as the previous release did."""

    def __init__(self, urls: Any, conn: psycopg.Connection) -> None:
        self.urls, self.conn = urls, conn
        m.upgrade(urls.owner_url, fleet.FIRST_SHAPE)
        self.tenant, self.other = fleet.seed(conn)

    def upgrade(self, step: str) -> None:
        m.upgrade(self.urls.owner_url, step)

    @contextmanager
    def writing(self) -> Iterator[Callable[..., None]]:
        """One transaction; `write(asset, column=value)` is what the release's ORM would send."""
        with psycopg.connect(self.urls.app_url) as app:
            app.execute("SELECT set_config('app.tenant_id', %s, true)", (str(self.tenant.id),))

            def write(name: str, /, **columns: Any) -> None:
                assigned = ", ".join(f"{column} = %s" for column in columns)
                done = app.execute(
                    f"UPDATE asset SET {assigned}, updated_at = now(), version = version + 1 WHERE id = %s",  # type: ignore[arg-type]
                    [*columns.values(), self.tenant.assets[name]],
                )
                assert done.rowcount == 1

            yield write

    def write(self, name: str, /, **columns: Any) -> None:
        with self.writing() as write:
            write(name, **columns)


@pytest.fixture
def old(pg: Any) -> Iterator[Old]:
    with (
        throwaway(pg) as urls,
        psycopg.connect(urls.superuser_url, autocommit=True, prepare_threshold=None) as conn,
    ):
        yield Old(urls, conn)


def open_ones(facts: dict[str, list[tuple[Any, ...]]]) -> dict[str, str]:
    """What holds now, by asset."""
    return {name: rows[-1][0] for name, rows in facts.items() if rows[-1][2] is None}


def test_words_written_after_expand_are_facts_at_once(old: Old) -> None:
    old.upgrade(STEPS[0])
    old.write("free", region_code="NORTH")
    old.write("east", region_code="WEST")
    old.write("free", bound_to_drone_id=old.tenant.drones["K-1"])
    old.write("bound", bound_to_drone_id=old.tenant.drones["K-2"])
    old.write("bound-undated", bound_to_drone_id=None)
    old.write("east-too", name="renamed")
    fresh = fleet.seed_asset(old.conn, old.tenant, "fresh", region_code="SOUTH", bound_to_drone_id="K-2")
    old.tenant.assets["fresh"] = fresh
    assert open_ones(fleet.placements(old.conn, old.tenant)) == {
        "free": "NORTH",
        "east": "WEST",
        "fresh": "SOUTH",
    }
    assert open_ones(fleet.installations(old.conn, old.tenant)) == {
        "free": "K-1",
        "bound": "K-2",
        "fresh": "K-2",
    }
    assert fleet.placements(old.conn, old.other) == {}
    old.upgrade(STEPS[2])
    assert open_ones(fleet.placements(old.conn, old.tenant))["east-too"] == "EAST"
    old.write("free", region_code="EAST")
    old.write("free", bound_to_drone_id=None)
    assert open_ones(fleet.placements(old.conn, old.tenant))["free"] == "EAST"
    assert "free" not in open_ones(fleet.installations(old.conn, old.tenant))


def test_statements_written_after_expand_are_blocks_at_once(old: Old) -> None:
    old.upgrade(STEPS[3])
    old.write("free", availability_status="RESERVED")
    old.write("east", availability_status="AVAILABLE")
    old.write("east-too", availability_status="MAINTENANCE")
    old.write("bound", availability_status="AVAILABLE")
    said = fleet.statements(old.conn, old.tenant)
    assert open_ones(said) == {"free": "RESERVED", "east-too": "MAINTENANCE"}
    for step in STEPS[4:]:
        old.upgrade(step)
        old.write("free", availability_status="IN_USE", region_code=f"R-{step}")
        old.write("free", availability_status="UNAVAILABLE")
        assert fleet.disagreements(old.conn) == []
    assert [row[0] for row in fleet.statements(old.conn, old.tenant)["free"]] == [
        "RESERVED",
        *["IN_USE", "UNAVAILABLE"] * 5,
    ]


def test_a_statement_of_the_previous_release_breaks_into_reservations_too(old: Old) -> None:
    old.upgrade(STEPS[5])
    reservation = "0192aaaa-0000-7000-8000-000000000001"
    old.conn.execute(
        "INSERT INTO reservation (tenant_id, id, status, reserved_by, created_at, updated_at)"
        " VALUES (%s, %s, 'CONFIRMED', 'x', now(), now())",
        (old.tenant.id, reservation),
    )
    old.conn.execute(
        "INSERT INTO asset_block (tenant_id, id, asset_id, kind, starts_at, ends_at, reservation_id, created_by,"
        " created_at, updated_at) VALUES (%s, gen_random_uuid(), %s, 'RESERVATION', now(), now() + interval '1 h',"
        " %s, 'x', now(), now())",
        (old.tenant.id, old.tenant.assets["free"], reservation),
    )
    old.write("free", availability_status="IN_USE")
    at_risk = old.conn.execute("SELECT at_risk FROM asset_block WHERE reservation_id = %s", (reservation,))
    assert at_risk.fetchone() == (True,)


def race(old: Old, step: str, name: str, **columns: Any) -> None:
    """Write as the previous release, and commit only when the backfill waits for that very row."""
    with ThreadPoolExecutor(1) as pool:
        with old.writing() as write:
            write(name, **columns)
            migrating = pool.submit(old.upgrade, step)
            wait_until(lambda: migrating.done() or somebody_waits(old.conn, "%FOR NO KEY UPDATE%"))
            assert not migrating.done()
        migrating.result(timeout=60)


def test_a_write_that_the_backfill_waits_for_is_the_fact(old: Old) -> None:
    old.upgrade(STEPS[0])
    # The regions are there already, so that the first batch to want the row is the one of placements.
    for tenant in (old.tenant, old.other):
        for code in ("EAST", "WEST"):
            tenant.assets[code] = fleet.seed_asset(old.conn, tenant, code, region_code=code)
    race(old, STEPS[1], "east", region_code="WEST")
    placed = fleet.placements(old.conn, old.tenant)
    assert [(row[0], row[2] is None) for row in placed["east"]] == [("WEST", True)]
    old.upgrade(STEPS[3])
    race(old, STEPS[4], "east-too", availability_status="MAINTENANCE")
    said = fleet.statements(old.conn, old.tenant)["east-too"]
    assert [(row[0], row[2] is None) for row in said] == [("MAINTENANCE", True)]
    old.upgrade(STEPS[8])
    assert fleet.disagreements(old.conn) == []
