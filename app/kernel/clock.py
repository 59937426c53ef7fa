"""The one clock. Everything that needs "now" asks here, so a test can move time in one place."""

from datetime import UTC, datetime


def now() -> datetime:
    """The current instant, timezone-aware UTC, microsecond resolution."""
    return datetime.now(UTC)
