"""A tenant that was there before the warehouse gets what a new one begins with; twice gives it nothing more."""

from uuid import uuid4

import psycopg
import pytest

from app.domains.manufacturing.stock.locations.service import STANDARD as LOCATIONS
from app.domains.manufacturing.units.standard import STANDARD as UNITS
from app.kernel.db import migrate as m
from tests.support.databases import Servers

BEFORE, AFTER = "202604010001", "202604010003"


def test_tenants_from_before_get_units_and_locations(pg: Servers, worker_id: str) -> None:
    name = f"stock_seed_{worker_id}"
    urls = pg.create_database(name)
    try:
        m.upgrade(urls.owner_url, BEFORE)
        with psycopg.connect(urls.superuser_url, autocommit=True) as conn:
            tenants = [uuid4(), uuid4()]
            for tenant in tenants:
                conn.execute(
                    "INSERT INTO tenant (id, name, created_at) VALUES (%s, %s, now())", [tenant, str(tenant)]
                )
            own = (
                "INSERT INTO unit (tenant_id, id, code, name, dimension, numerator, denominator, created_at,"
                " updated_at) VALUES (%s, gen_random_uuid(), 'h', 'My hour', 'TIME', 60, 1, now(), now())"
            )
            conn.execute(own, [tenants[1]])
            m.upgrade(urls.owner_url, AFTER)
            for tenant, of_its_own in zip(tenants, (0, 1), strict=True):
                rows = conn.execute(
                    "SELECT code, name, dimension, numerator, denominator FROM unit WHERE tenant_id = %s"
                    " AND is_standard",
                    [tenant],
                ).fetchall()
                assert len(rows) == len(UNITS) - of_its_own
                assert set(rows) <= set(UNITS)
                places = conn.execute(
                    "SELECT code, name, kind FROM location WHERE tenant_id = %s AND is_standard"
                    " AND path = replace(id::text, '-', '') || '/'",
                    [tenant],
                ).fetchall()
                assert set(places) == {(code, name, kind.value) for code, name, kind in LOCATIONS}
            m.downgrade(urls.owner_url, BEFORE)
            m.upgrade(urls.owner_url, AFTER)
            count = conn.execute("SELECT count(*) FROM unit WHERE is_standard").fetchone()
            assert count == (2 * len(UNITS) - 1,)
            with pytest.raises(psycopg.errors.UniqueViolation):
                conn.execute(
                    "INSERT INTO location (tenant_id, id, code, kind, path, is_standard, created_at, updated_at)"
                    " SELECT tenant_id, gen_random_uuid(), 'TWO', kind, 'x', true, now(), now() FROM location"
                    " WHERE tenant_id = %s AND kind = 'LOSS'",
                    [tenants[0]],
                )
    finally:
        pg.drop_database(name)
