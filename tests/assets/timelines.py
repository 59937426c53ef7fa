"""What must always be true of the stored timeline, asked of the database directly."""

from typing import Any
from uuid import UUID

import psycopg

_OVERLAPS = """
SELECT a.id, b.id FROM asset_block a JOIN asset_block b ON a.tenant_id = b.tenant_id AND a.asset_id = b.asset_id
WHERE a.tenant_id = %s AND a.id < b.id AND a.active AND b.active
  AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at
  AND ((a.kind = 'RESERVATION' AND b.kind = 'RESERVATION')
       OR (a.occupancy <> b.occupancy AND NOT a.at_risk AND NOT b.at_risk))
"""
_WRONGLY_AT_RISK = """
SELECT r.id, r.at_risk FROM asset_block r
WHERE r.tenant_id = %s AND r.active AND r.kind = 'RESERVATION' AND r.ends_at > %s AND r.at_risk <> EXISTS (
    SELECT FROM asset_block d WHERE d.tenant_id = r.tenant_id AND d.asset_id = r.asset_id AND d.active
      AND d.occupancy = 'DOWN' AND d.starts_at < r.ends_at AND d.ends_at > r.starts_at)
"""
_PERIODS = """
SELECT a.id, b.id FROM {fact} a JOIN {fact} b ON a.tenant_id = b.tenant_id AND a.asset_id = b.asset_id
WHERE a.tenant_id = %s AND a.id <> b.id AND a.starts_at < coalesce(b.ends_at, 'infinity')
  AND b.starts_at < coalesce(a.ends_at, 'infinity') AND a.starts_at < coalesce(a.ends_at, 'infinity')
  AND b.starts_at < coalesce(b.ends_at, 'infinity')
"""


def check_timeline(conn: psycopg.Connection, tenant: UUID, now: Any = "-infinity") -> None:
    """No two exclusive blocks overlap; of the reservations not over at `now`, those broken into are at risk."""
    assert conn.execute(_OVERLAPS, (tenant,)).fetchall() == []
    assert conn.execute(_WRONGLY_AT_RISK, (tenant, now)).fetchall() == []


def check_periods(conn: psycopg.Connection, tenant: UUID) -> None:
    """No asset is in two regions or two drones at once."""
    for fact in ("placement", "installation"):
        assert conn.execute(_PERIODS.format(fact=fact), (tenant,)).fetchall() == [], fact  # type: ignore[arg-type]
