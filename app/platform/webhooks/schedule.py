"""When to try again, as pure functions. The delays are those that the Standard Webhooks specification suggests."""

from datetime import datetime, timedelta

RETRY_DELAYS: tuple[timedelta, ...] = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=10),
)
"""Pause before each attempt; after the last attempt the delivery is dead."""
JITTER = 0.2
DISABLE_AFTER = timedelta(days=5)


def delay_before(step: int, luck: float) -> timedelta | None:
    """Pause before attempt number `step` (from 0), spread by ±20 %; None when no attempt is left.

    `luck` is uniform in [0, 1): it spreads the retries of many deliveries that failed together.
    """
    if step >= len(RETRY_DELAYS):
        return None
    return RETRY_DELAYS[step] * (1 + JITTER * (2 * luck - 1))


def has_failed_too_long(failing_since: datetime | None, at: datetime) -> bool:
    """Whether an endpoint has answered nothing but failures for `DISABLE_AFTER`."""
    return failing_since is not None and at - failing_since >= DISABLE_AFTER
