"""Permissions of observability."""

from app.kernel.security.permissions import Permission

OBSERVABILITY_READ = Permission(
    "observability.read", "See signals, objectives, alerts, backups, inspections and forecasts."
)
OBSERVABILITY_WRITE = Permission(
    "observability.write",
    "Send signals, keep objectives and rules, answer alerts, run backups, drills and inspections.",
)
TELEMETRY_WRITE = Permission("telemetry.write", "Send signals.", also=["observability.write"])

ALL = (OBSERVABILITY_READ, OBSERVABILITY_WRITE, TELEMETRY_WRITE)
