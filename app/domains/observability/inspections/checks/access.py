"""Who may sign in, with what, and how wide their rights are."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.domains.observability.inspections.checks.base import (
    Check,
    Ground,
    Outcome,
    failed,
    named,
    passed,
    some,
    warned,
)
from app.domains.observability.inspections.words import Weight
from app.kernel.events.models import EventRow
from app.platform import identity

UNUSED_AFTER = timedelta(days=90)
ADMINISTRATORS_AT_MOST = 5
FAILURES_TO_NOTICE = 20
FAILURES_TO_ALERT = 200
SPIKE = 3
_DAY = timedelta(hours=24)
_WEEK = timedelta(days=7)


def stale_users(ground: Ground) -> Outcome:
    """Active users who neither signed in nor had an API key used for 90 days."""
    stale = identity.unused_users(ground.tx, before=ground.tx.now - UNUSED_AFTER)
    administrators = [user.username for user in stale if user.is_administrator]
    evidence = {"users": some(str(user.id) for user in stale), "count": len(stale)}
    if administrators:
        return failed(f"Administrators unused for 90 days: {named(administrators)}.", **evidence)
    if stale:
        return warned(f"Users unused for 90 days: {named(user.username for user in stale)}.", **evidence)
    return passed("Every active user was here within 90 days.")


def stale_keys(ground: Ground) -> Outcome:
    """API keys that work and that nobody used for 90 days, or that never end."""
    keys = identity.live_keys(ground.tx)
    cutoff = ground.tx.now - UNUSED_AFTER
    unused = [key.name for key in keys if (key.last_used_at or key.created_at) < cutoff]
    endless = [key.name for key in keys if key.expires_at is None]
    evidence = {"live": len(keys), "unused": some(unused), "without_expiry": some(endless)}
    parts = [f"unused for 90 days: {named(unused)}"] if unused else []
    parts += [f"without an end: {named(endless)}"] if endless else []
    if parts:
        return warned(f"API keys {'; '.join(parts)}.", **evidence)
    return passed(f"Each of {len(keys)} API keys is in use and ends some day.", **evidence)


def wildcard_roles(ground: Ground) -> Outcome:
    """`*` is for a few people. A machine needs the permissions of its task."""
    held = identity.wildcards(ground.tx)
    parts = [f"{len(held.users)} users hold `*`"] if len(held.users) > ADMINISTRATORS_AT_MOST else []
    parts += [f"`*` is in the roles {named(held.roles)}"] if len(held.roles) > 1 else []
    parts += [f"API keys with `*`: {named(held.keys)}"] if held.keys else []
    evidence = {"users": some(held.users), "roles": some(held.roles), "keys": some(held.keys)}
    if parts:
        return warned(f"{'; '.join(parts)}.".capitalize(), **evidence)
    return passed(f"{len(held.users)} users hold `*`, no API key does.", **evidence)


def failed_logins(ground: Ground) -> Outcome:
    """Refused sign-ins of the last 24 hours, beside the daily mean of the seven days before."""
    now = ground.tx.now
    recent = _failures(ground, now - _DAY, _DAY)
    usual = _failures(ground, now - _DAY - _WEEK, _WEEK) / 7
    evidence = {"last_24_hours": recent, "daily_mean_before": round(usual, 2)}
    spike = recent >= FAILURES_TO_NOTICE and recent >= SPIKE * usual
    if spike and recent >= FAILURES_TO_ALERT:
        return failed(f"{recent} refused sign-ins in 24 hours, {usual:.1f} a day before.", **evidence)
    if spike:
        return warned(f"{recent} refused sign-ins in 24 hours, {usual:.1f} a day before.", **evidence)
    return passed(f"{recent} refused sign-ins in 24 hours, no more than usual.", **evidence)


def _failures(ground: Ground, since: datetime, length: timedelta) -> int:
    return (
        ground.tx.scalar(
            select(func.count()).where(
                EventRow.tenant_id == ground.tenant_id,
                EventRow.type == "identity.login.failed",
                EventRow.at >= since,
                EventRow.at < since + length,
            )
        )
        or 0
    )


CHECKS = (
    Check(
        "access.stale_users",
        Weight.MEDIUM,
        "Users are in use",
        "Disable the named users: PATCH /api/identity/users/{id} with is_active false.",
        stale_users,
    ),
    Check(
        "access.stale_keys",
        Weight.MEDIUM,
        "API keys are in use and end",
        "Revoke keys that nobody uses; replace endless ones by keys with expires_at.",
        stale_keys,
    ),
    Check(
        "access.wildcard_roles",
        Weight.MEDIUM,
        "Few hold everything",
        "Give people the role of their task and API keys the scopes of theirs.",
        wildcard_roles,
    ),
    Check(
        "access.failed_logins",
        Weight.HIGH,
        "Sign-ins are not being guessed",
        "Look at GET /api/audit?action=identity.login.failed; disable or renew what was aimed at.",
        failed_logins,
    ),
)
