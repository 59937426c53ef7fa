"""A fleet big enough to measure on, written in SQL by a superuser in well under a minute.

Rows of all tenants lie mixed in the tables, as they would after years of use: reading one tenant's assets touches
pages of everybody's. About a tenth of the assets is held by something, one in five has a past on its timeline.
"""

import time
from uuid import uuid4

import psycopg

TABLES = (
    "region", "drone", "asset", "placement", "installation", "health_report", "work_order", "reservation",
    "asset_block",
)  # fmt: skip

_TENANTS = """
INSERT INTO tenant (id, name, created_at)
SELECT uuidv7(), %(prefix)s || '-' || lpad(n::text, 4, '0'), now() FROM generate_series(1, %(tenants)s) n
ON CONFLICT (name) DO NOTHING
"""
_CHOSEN = """
CREATE TEMPORARY TABLE bench_tenant AS
SELECT id AS tenant_id FROM tenant WHERE name LIKE %(prefix)s || '-%%'
"""
# Three sites with three bays each: codes BENCH-1, BENCH-1-1 … BENCH-3-3.
_REGIONS = """
WITH site AS (
  INSERT INTO region (tenant_id, id, code, parent_id, path, created_at, updated_at)
  SELECT tenant_id, id, 'BENCH-' || n, NULL, replace(id::text, '-', '') || '/', now(), now()
  FROM (SELECT tenant_id, uuidv7() AS id, n FROM bench_tenant, generate_series(1, 3) n) s
  RETURNING tenant_id, id, code, path
)
INSERT INTO region (tenant_id, id, code, parent_id, path, created_at, updated_at)
SELECT tenant_id, id, code || '-' || n, parent, path || replace(id::text, '-', '') || '/', now(), now()
FROM (SELECT tenant_id, uuidv7() AS id, site.id AS parent, path, code, n FROM site, generate_series(1, 3) n) bay
"""
_DRONES = """
INSERT INTO drone (tenant_id, id, name, vendor, created_at, updated_at)
SELECT tenant_id, uuidv7(), 'bench-drone-' || n, 'FAKE', now(), now()
FROM generate_series(1, %(drones)s) n, bench_tenant ORDER BY n
"""
_ASSETS = """
INSERT INTO asset (tenant_id, id, asset_type, asset_code, name, serial_number, health_status, health_score,
                   last_health_at, detail, retired_at, retired_reason, created_at, updated_at)
SELECT tenant_id, uuidv7(), (ARRAY['UAV','UAV','UAV','UAV','PAYLOAD','PAYLOAD','BATTERY','BATTERY',
                                   'CONTROLLER','DOCK'])[1 + n %% 10],
       'BENCH-' || lpad(n::text, 6, '0'), 'Bench asset ' || n, 'SN-' || (n * 7919),
       health, CASE health WHEN 'HEALTHY' THEN 70 + n %% 31 WHEN 'DEGRADED' THEN 30 + n %% 40
                           WHEN 'CRITICAL' THEN n %% 30 END,
       CASE WHEN health <> 'UNKNOWN' THEN now() - n * interval '1 minute' END,
       jsonb_build_object('site_note', 'rack ' || n %% 40, 'flight_hours', n %% 900),
       CASE WHEN n %% 33 = 0 THEN now() - interval '9 days' END, CASE WHEN n %% 33 = 0 THEN 'Worn out' END,
       now() - interval '400 days', now() - interval '1 day'
FROM (SELECT n, tenant_id, CASE WHEN random() < 0.7 THEN 'HEALTHY' WHEN random() < 0.5 THEN 'DEGRADED'
                                WHEN random() < 0.3 THEN 'CRITICAL' ELSE 'UNKNOWN' END AS health
      FROM generate_series(1, %(each)s) n, bench_tenant OFFSET 0) wanted
ORDER BY n
"""
_NUMBERED = """
CREATE TEMPORARY TABLE bench_asset AS
SELECT tenant_id, id, retired_at IS NOT NULL AS retired, health_status, health_score, last_health_at,
       row_number() OVER (PARTITION BY tenant_id ORDER BY asset_code) AS n
FROM asset JOIN bench_tenant USING (tenant_id) WHERE asset_code LIKE 'BENCH-%%'
"""
_PLACEMENTS = """
WITH r AS (SELECT tenant_id, id, row_number() OVER (PARTITION BY tenant_id ORDER BY code) AS k
           FROM region JOIN bench_tenant USING (tenant_id) WHERE code LIKE 'BENCH-%%')
INSERT INTO placement (tenant_id, id, asset_id, region_id, starts_at, ends_at)
SELECT a.tenant_id, uuidv7(), a.id, r.id, now() - interval '300 days', NULL
FROM bench_asset a JOIN r ON r.tenant_id = a.tenant_id AND r.k = 1 + a.n %% 12 WHERE a.n %% 20 > 0
UNION ALL
SELECT a.tenant_id, uuidv7(), a.id, r.id, now() - interval '390 days', now() - interval '310 days'
FROM bench_asset a JOIN r ON r.tenant_id = a.tenant_id AND r.k = 1 + (a.n + 5) %% 12 WHERE a.n %% 5 = 0
"""
_INSTALLATIONS = """
WITH d AS (SELECT tenant_id, id, row_number() OVER (PARTITION BY tenant_id ORDER BY name) AS k
           FROM drone JOIN bench_tenant USING (tenant_id))
INSERT INTO installation (tenant_id, id, asset_id, drone_id, slot, starts_at)
SELECT a.tenant_id, uuidv7(), a.id, d.id, 'slot-' || a.n, now() - interval '20 days'
FROM bench_asset a JOIN d ON d.tenant_id = a.tenant_id AND d.k = 1 + a.n %% %(drones)s
WHERE a.n %% 5 = 1 AND NOT a.retired
"""
_REPORTS = """
INSERT INTO health_report (tenant_id, id, asset_id, health_status, health_score, reported_at, reported_by)
SELECT tenant_id, uuidv7(), id, health_status, health_score, last_health_at, 'bench'
FROM bench_asset WHERE last_health_at IS NOT NULL
"""
_HELD = """
CREATE TEMPORARY TABLE bench_held AS
SELECT a.tenant_id, a.id AS asset_id, uuidv7() AS owner_id,
       (ARRAY['MAINTENANCE', 'RESERVATION', 'MANUAL', 'GROUNDING'])[1 + (a.n / 10) %% 4] AS kind, past
FROM bench_asset a, (VALUES (false), (true)) AS p(past)
WHERE NOT a.retired AND CASE WHEN past THEN a.n %% 5 = 2 ELSE a.n %% 10 = 3 END
"""
_ORDERS = """
INSERT INTO work_order (tenant_id, id, asset_id, title, status, created_by, started_at, closed_at, closed_by,
                        created_at, updated_at)
SELECT tenant_id, owner_id, asset_id, 'Bench work', CASE WHEN past THEN 'CLOSED' ELSE 'IN_PROGRESS' END, 'bench',
       now() - interval '60 days', CASE WHEN past THEN now() - interval '50 days' END,
       CASE WHEN past THEN 'bench' END, now() - interval '61 days', now() - interval '50 days'
FROM bench_held WHERE kind = 'MAINTENANCE'
"""
_RESERVATIONS = """
INSERT INTO reservation (tenant_id, id, status, purpose, reserved_by, created_at, updated_at)
SELECT tenant_id, owner_id, 'CONFIRMED', 'Survey', 'bench', now() - interval '61 days', now() - interval '61 days'
FROM bench_held WHERE kind = 'RESERVATION'
"""
_BLOCKS = """
INSERT INTO asset_block (tenant_id, id, asset_id, kind, starts_at, ends_at, ended_at, standing, stated, reason,
                         reservation_id, work_order_id, created_by, created_at, updated_at)
SELECT tenant_id, uuidv7(), asset_id, kind,
       CASE WHEN past THEN now() - interval '60 days' ELSE now() - interval '1 hour' END,
       CASE WHEN past THEN now() - interval '50 days' ELSE now() + interval '2 days' END,
       CASE WHEN past THEN now() - interval '50 days' END,
       NOT past AND kind IN ('MAINTENANCE', 'GROUNDING'), CASE WHEN kind = 'MANUAL' THEN 'IN_USE' END, 'bench',
       CASE WHEN kind = 'RESERVATION' THEN owner_id END, CASE WHEN kind = 'MAINTENANCE' THEN owner_id END,
       'bench', now() - interval '61 days', now() - interval '50 days'
FROM bench_held
"""
_STEPS = (
    _CHOSEN, _REGIONS, _DRONES, _ASSETS, _NUMBERED, _PLACEMENTS, _INSTALLATIONS, _REPORTS, _HELD, _ORDERS,
    _RESERVATIONS, _BLOCKS,
)  # fmt: skip


def prefix() -> str:
    """What the names of one run's tenants begin with."""
    return f"bench-{uuid4().hex[:8]}"


def fill(superuser_url: str, named: str, *, tenants: int, assets: int) -> float:
    """Make the `tenants` called `<named>-<number>` as far as they are missing, and `assets` among them.

    Returns the seconds it took, statistics included.
    """
    began = time.monotonic()
    each = max(1, assets // tenants)
    values = {"prefix": named, "tenants": tenants, "each": each, "drones": max(1, each // 20)}
    with psycopg.connect(superuser_url) as conn:
        for statement in (_TENANTS, *_STEPS):
            conn.execute(statement, values)
    with psycopg.connect(superuser_url, autocommit=True) as conn:
        conn.execute(f"VACUUM (ANALYZE) {', '.join(TABLES)}")
    return time.monotonic() - began
