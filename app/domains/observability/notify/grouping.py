"""From alerts to groups, and from groups to deliveries. Runs as a job; any number may run at once."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert

from app.domains.observability.alerts.matchers import facts, is_silenced, matches
from app.domains.observability.alerts.models import IS_OPEN, Alert
from app.domains.observability.notify.models import (
    NotificationGroup,
    NotificationMember,
    NotificationRoute,
)
from app.domains.observability.notify.outbox import queue_delivery
from app.domains.observability.notify.payload import described, notification
from app.kernel.events.envelope import ref
from app.kernel.ids import new_id
from app.kernel.tx import AnyRow, WriteTx

BATCH = 500
_WAKE = text(
    """
    UPDATE notification_group g
    SET due_at = greatest(CAST(:now AS timestamptz),
                          g.last_sent_at + make_interval(secs => r.group_interval_seconds))
    FROM notification_route r
    WHERE g.tenant_id = :tenant AND r.tenant_id = g.tenant_id AND r.id = g.route_id
      AND (g.due_at IS NULL
           OR g.due_at > greatest(:now, g.last_sent_at + make_interval(secs => r.group_interval_seconds)))
      AND (g.due_at IS NULL OR g.last_sent_at IS NOT NULL)
      AND EXISTS (
        SELECT FROM notification_member m JOIN alert a ON a.tenant_id = m.tenant_id AND a.id = m.alert_id
        WHERE m.tenant_id = g.tenant_id AND m.group_id = g.id
          AND CASE WHEN a.status = 'CLOSED' THEN m.told IS NOT NULL
              ELSE m.told IS DISTINCT FROM a.severity AND a.suppressed_by IS NULL
                   AND (a.silenced_until IS NULL OR a.silenced_until <= :now) END)
    """
)


def route_new(tx: WriteTx) -> Sequence[AnyRow]:
    """Put alerts that nobody looked at into the groups of the routes that fit; returns them."""
    found = tx.all(
        select(*Alert.__table__.c)
        .where(Alert.routed_at.is_(None), IS_OPEN)
        .order_by(Alert.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    if not found:
        return found
    routes = tx.all(
        select(*NotificationRoute.__table__.c)
        .where(NotificationRoute.is_active)
        .order_by(NotificationRoute.position, NotificationRoute.id)
    )
    for alert in found:
        for route in fitting(routes, facts(alert)):
            _join(tx, alert, route)
    routed: Any = update(Alert).where(Alert.id.in_([alert.id for alert in found])).values(routed_at=tx.now)
    tx.execute(routed.execution_options(synchronize_session=False))
    return found


def fitting(routes: Sequence[Any], known: dict[str, str]) -> list[Any]:
    """The routes an alert takes: those that fit, in order, up to the first that does not go on."""
    taken = []
    for route in routes:
        if matches(route.matchers, known):
            taken.append(route)
            if not route.goes_on:
                break
    return taken


def wake(tx: WriteTx) -> None:
    """Make due, no sooner than their interval allows, the groups that have something to tell."""
    tx.execute(_WAKE, {"now": tx.now, "tenant": tx.tenant_id})


def flush(tx: WriteTx) -> int:
    """Tell of the groups that are due; returns how many were looked at."""
    due = tx.all(
        select(*NotificationGroup.__table__.c)
        .where(NotificationGroup.due_at <= tx.now)
        .order_by(NotificationGroup.due_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    for group in due:
        _flush(tx, group)
    return len(due)


def _join(tx: WriteTx, alert: AnyRow, route: Any) -> None:
    known = facts(alert)
    labels = {name: known.get(name, "") for name in route.group_by}
    fresh = {
        "tenant_id": tx.tenant_id,
        "id": new_id(),
        "route_id": route.id,
        "group_key": json.dumps(labels, sort_keys=True),
        "labels": labels,
        "due_at": tx.now + timedelta(seconds=route.group_wait_seconds),
    }
    group_id = tx.execute(
        insert(NotificationGroup)
        .values(fresh)
        .on_conflict_do_update(
            index_elements=["tenant_id", "route_id", "group_key"], set_={"labels": fresh["labels"]}
        )
        .returning(NotificationGroup.id)
    ).scalar_one()
    member = {"tenant_id": tx.tenant_id, "group_id": group_id, "alert_id": alert.id}
    tx.execute(insert(NotificationMember).values(member).on_conflict_do_nothing())


def _flush(tx: WriteTx, group: AnyRow) -> None:
    route = tx.first(select(*NotificationRoute.__table__.c).where(NotificationRoute.id == group.route_id))
    members = _members(tx, group.id)
    if route is None:
        return
    firing = [m for m in members if m.status != "CLOSED" and not is_silenced(m, tx.now)]
    over = [m for m in members if m.status == "CLOSED"]
    ended = [m for m in over if m.told is not None] if route.send_resolved else []
    sent = _is_news(tx, group, route, firing, ended)
    if sent and route.is_active:
        document = notification(
            f"{ref('route', route.id)}:{group.group_key}",
            group.labels,
            [described(alert) for alert in (*firing, *ended)],
            reason="group",
        )
        queue_delivery(tx, route.receiver_id, document, reason="group")
    _remember(tx, group, firing if sent else [], over)
    if len(over) == len(members):
        tx.execute(delete(NotificationGroup).where(NotificationGroup.id == group.id))
        return
    last = tx.now if sent else group.last_sent_at
    due = last + timedelta(seconds=route.repeat_interval_seconds) if firing and last is not None else None
    _set(tx, group.id, due, last)


def _is_news(tx: WriteTx, group: AnyRow, route: AnyRow, firing: list[AnyRow], ended: list[AnyRow]) -> bool:
    """Something began, ended or changed; or an alert that nobody took on has been told of too long ago."""
    if ended or any(m.told != m.severity for m in firing):
        return True
    if group.last_sent_at is None or not any(m.status == "OPEN" for m in firing):
        return False
    again: datetime = group.last_sent_at + timedelta(seconds=route.repeat_interval_seconds)
    return tx.now >= again


def _members(tx: WriteTx, group_id: UUID) -> Sequence[AnyRow]:
    m = NotificationMember
    return tx.all(
        select(m.told, *Alert.__table__.c)
        .join(Alert, (Alert.tenant_id == m.tenant_id) & (Alert.id == m.alert_id))
        .where(m.group_id == group_id)
        .order_by(Alert.severity, Alert.created_at, Alert.id)
    )


def _remember(tx: WriteTx, group: AnyRow, told: Sequence[AnyRow], over: Sequence[AnyRow]) -> None:
    m = NotificationMember
    for alert in told:
        if alert.told != alert.severity:
            here = (m.group_id == group.id) & (m.alert_id == alert.id)
            tx.execute(update(m).where(here).values(told=alert.severity))
    if over:
        gone = m.alert_id.in_([alert.id for alert in over])
        tx.execute(delete(m).where(m.group_id == group.id, gone))


def _set(tx: WriteTx, group_id: UUID, due: datetime | None, last: datetime | None) -> None:
    g = NotificationGroup
    tx.execute(update(g).where(g.id == group_id).values(due_at=due, last_sent_at=last))
