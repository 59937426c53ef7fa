"""From suppressions to alerts: which open alert is kept quiet, by what, at this moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update

from app.domains.observability.alerts.matchers import facts, matches
from app.domains.observability.alerts.models import IS_OPEN, Alert
from app.domains.observability.suppressions.models import Suppression
from app.domains.observability.suppressions.windows import in_force
from app.kernel.tx import AnyRow, ReadTx, WriteTx


@dataclass(frozen=True, slots=True)
class Suspect:
    """An open alert as matchers see it."""

    id: UUID
    known: dict[str, str]
    suppressed_by: str | None


def refresh(tx: WriteTx) -> int:
    """Write on each open alert what suppresses it now; returns how many changed."""
    rules = standing(tx)
    changed = 0
    if not rules and not _any_marked(tx):
        return 0
    suspects = open_alerts(tx)
    for reason, ids in _by_reason(suspects, rules).items():
        statement: Any = update(Alert).where(Alert.id.in_(ids)).values(suppressed_by=reason)
        changed += tx.execute(statement.execution_options(synchronize_session=False)).rowcount
    return changed


def standing(tx: ReadTx) -> list[AnyRow]:
    """The suppressions in force, oldest first."""
    rows = tx.all(
        select(*Suppression.__table__.c)
        .where(
            Suppression.starts_at <= tx.now, or_(Suppression.ends_at.is_(None), Suppression.ends_at > tx.now)
        )
        .order_by(Suppression.id)
    )
    return [row for row in rows if in_force(row.starts_at, row.ends_at, row.weekly, tx.now)]


def open_alerts(tx: ReadTx) -> list[Suspect]:
    a = Alert
    columns = (a.id, a.source, a.key, a.subject, a.severity, a.labels, a.suppressed_by)
    return [Suspect(row.id, facts(row), row.suppressed_by) for row in tx.all(select(*columns).where(IS_OPEN))]


def affected(suspects: Sequence[Suspect], rule: Any) -> list[Suspect]:
    """The alerts that one suppression keeps quiet."""
    fitting = [each for each in suspects if matches(rule.matchers, each.known)]
    if rule.kind != "INHIBITION" or not fitting:
        return fitting
    sources: dict[tuple[str, ...], set[UUID]] = {}
    for each in suspects:
        if matches(rule.source_matchers, each.known):
            sources.setdefault(_labels(each, rule.equal), set()).add(each.id)
    # An alert never inhibits itself, nor its equals: what fits both sides is a source.
    every = {source for ids in sources.values() for source in ids}
    return [each for each in fitting if each.id not in every and _labels(each, rule.equal) in sources]


def _by_reason(suspects: Sequence[Suspect], rules: Sequence[AnyRow]) -> dict[str | None, list[UUID]]:
    """What has to be written: ids by their new reason. The oldest suppression that fits gives it."""
    reasons: dict[UUID, str] = {}
    for rule in rules:
        for each in affected(suspects, rule):
            reasons.setdefault(each.id, f"{rule.kind.lower()}:{rule.id}")
    found: dict[str | None, list[UUID]] = {}
    for each in suspects:
        reason = reasons.get(each.id)
        if reason != each.suppressed_by:
            found.setdefault(reason, []).append(each.id)
    return found


def _labels(each: Suspect, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(each.known.get(name, "") for name in names)


def _any_marked(tx: ReadTx) -> bool:
    return tx.first(select(Alert.id).where(IS_OPEN, Alert.suppressed_by.is_not(None)).limit(1)) is not None
