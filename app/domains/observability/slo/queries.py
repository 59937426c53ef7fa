"""Reading objectives and their evaluations."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, lateral, select, true

from app.domains.observability.slo.intervals import Interval, clipped
from app.domains.observability.slo.models import SloCorrection, SloEvaluation, SloPolicy
from app.domains.observability.slo.schemas import SloEvaluationFilter, SloPolicyFilter
from app.domains.observability.slo.words import SloStatus
from app.kernel.tx import AnyRow, AnySelect, ReadTx

POLICY_SORT = {"id": SloPolicy.id, "policy_key": SloPolicy.policy_key, "created_at": SloPolicy.created_at}
EVALUATION_SORT = {"id": SloEvaluation.id, "created_at": SloEvaluation.created_at}
CORRECTION_SORT = {"id": SloCorrection.id, "starts_at": SloCorrection.starts_at}
MOST_ITEMS = 1000
_POLICIES = select(*SloPolicy.__table__.c)
_EVALUATIONS = select(*SloEvaluation.__table__.c)


def policies(wanted: SloPolicyFilter) -> AnySelect:
    found = _POLICIES
    if wanted.is_active is not None:
        found = found.where(SloPolicy.is_active == wanted.is_active)
    if wanted.service_name is not None:
        found = found.where(SloPolicy.service_name == wanted.service_name)
    return found


def policy(policy_id: UUID) -> AnySelect:
    return _POLICIES.where(SloPolicy.id == policy_id)


def evaluations(wanted: SloEvaluationFilter) -> AnySelect:
    found = _EVALUATIONS
    if wanted.policy_id is not None:
        found = found.where(SloEvaluation.policy_id == wanted.policy_id)
    if wanted.status is not None:
        found = found.where(SloEvaluation.status == wanted.status.value)
    return found


def latest_status(tx: ReadTx, policy_id: UUID) -> str | None:
    return tx.scalar(
        select(SloEvaluation.status)
        .where(SloEvaluation.policy_id == policy_id)
        .order_by(SloEvaluation.created_at.desc(), SloEvaluation.id.desc())
        .limit(1)
    )


def overview(tx: ReadTx) -> dict[str, Any]:
    """The latest evaluation of each active objective, and how many there are of each status."""
    newest = lateral(
        _EVALUATIONS.where(
            SloEvaluation.tenant_id == SloPolicy.tenant_id, SloEvaluation.policy_id == SloPolicy.id
        )
        .order_by(SloEvaluation.created_at.desc(), SloEvaluation.id.desc())
        .limit(1)
    )
    latest = select(*newest.c).select_from(SloPolicy).join(newest, true()).where(SloPolicy.is_active)
    found = latest.subquery()
    breached = func.count().filter(found.c.status == SloStatus.BREACHED)
    counts = tx.conn.execute(
        select(
            func.count().label("all"), breached.label("breached"), func.max(found.c.created_at).label("at")
        )
    ).one()
    active = tx.scalar(select(func.count()).select_from(SloPolicy).where(SloPolicy.is_active))
    items = tx.all(latest.order_by(newest.c.status, newest.c.policy_key, newest.c.id).limit(MOST_ITEMS))
    return {
        "policy_count": active or 0,
        "healthy_count": counts.all - counts.breached,
        "breached_count": counts.breached,
        "latest_evaluated_at": counts.at,
        "items": items,
    }


def corrections(policy_id: UUID) -> AnySelect:
    return select(*SloCorrection.__table__.c).where(SloCorrection.policy_id == policy_id)


def excluded(tx: ReadTx, policy_id: UUID, start: datetime, end: datetime) -> list[Interval]:
    """What corrections take out of `[start, end)`."""
    rows: list[AnyRow] = list(
        tx.all(
            select(SloCorrection.starts_at, SloCorrection.ends_at).where(
                SloCorrection.policy_id == policy_id,
                SloCorrection.ends_at > start,
                SloCorrection.starts_at < end,
            )
        )
    )
    return clipped(((row.starts_at, row.ends_at) for row in rows), start, end)
