"""Signals: what the fleet reported before, one METRIC for each health report with a score."""

from app.kernel.db import migrate as m

revision = "202602280105"
down_revision = "202602280104"
branch_labels = None
depends_on = None
phase = "backfill_validate"

# A report, its signal and the batch that signal came in share one id, so a second run finds what the first made.
_BATCHES = """
INSERT INTO signal_batch (tenant_id, id, protocol, item_count, minutes, received_at)
SELECT r.tenant_id, r.id, 'BACKFILL', 1, ARRAY[date_trunc('minute', r.reported_at, 'UTC')], r.reported_at
FROM page JOIN health_report r ON r.tenant_id = page.tenant_id AND r.id = page.id
"""
_SIGNALS = """
INSERT INTO signal (tenant_id, occurred_at, id, signal_type, level, service_name, signal_name, numeric_value, unit,
                    detail, created_by, batch_id)
SELECT r.tenant_id, r.reported_at, r.id, 'METRIC', CASE r.health_status WHEN 'CRITICAL' THEN 'ERROR'
       WHEN 'DEGRADED' THEN 'WARN' ELSE 'INFO' END, 'assets', 'asset.health_score', r.health_score, 'percent',
       jsonb_build_object('asset_id', r.asset_id, 'health_status', r.health_status), r.reported_by, r.id
FROM page JOIN health_report r ON r.tenant_id = page.tenant_id AND r.id = page.id
"""


def upgrade() -> None:
    m.backfill(
        "health_report",
        _BATCHES,
        where="health_score IS NOT NULL AND NOT EXISTS (SELECT FROM signal_batch b"
        " WHERE b.tenant_id = health_report.tenant_id AND b.id = health_report.id)",
        touches=("signal_batch",),
    )
    m.backfill(
        "health_report",
        _SIGNALS,
        where="health_score IS NOT NULL AND NOT EXISTS (SELECT FROM signal s"
        " WHERE s.tenant_id = health_report.tenant_id AND s.id = health_report.id"
        " AND s.occurred_at = health_report.reported_at)",
        touches=("signal",),
    )


def downgrade() -> None:
    """The signals leave with their tables, one step further down."""
