"""`/api/observability/slo`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.domains.observability import permissions as p
from app.domains.observability.slo import evaluation, queries, service
from app.domains.observability.slo.errors import NoActiveSloPolicy, SloPolicyKeyTaken, SloPolicyNotFound
from app.domains.observability.slo.schemas import (
    SloEvaluate,
    SloEvaluationFilter,
    SloEvaluationRead,
    SloEvaluationResult,
    SloOverview,
    SloPolicyCreate,
    SloPolicyFilter,
    SloPolicyPatch,
    SloPolicyRead,
)
from app.domains.observability.slo.words import SloStatus
from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/observability", tags=["Objectives"])


@router.post("/slo/policies", permission=p.OBSERVABILITY_WRITE, status_code=201, errors=[SloPolicyKeyTaken])
def create_slo_policy(body: SloPolicyCreate, tx: WriteTx) -> SloPolicyRead:
    """Set an objective. The schedule evaluates it first one window, at least five minutes, from now."""
    return _read(tx, service.create(tx, body).id)


@router.get("/slo/policies", permission=p.OBSERVABILITY_READ)
def list_slo_policies(tx: ReadTx, wanted: Annotated[SloPolicyFilter, Query()]) -> Page[SloPolicyRead]:
    """Objectives, oldest first."""
    found = queries.policies(wanted)
    return page(tx, found, wanted, SloPolicyRead.model_validate, keys=queries.POLICY_SORT, default="id")


@router.get("/slo/policies/{slo_policy_id:uuid}", permission=p.OBSERVABILITY_READ, errors=[SloPolicyNotFound])
def get_slo_policy(slo_policy_id: UUID, tx: ReadTx) -> SloPolicyRead:
    """One objective."""
    return _read(tx, slo_policy_id)


@router.patch(
    "/slo/policies/{slo_policy_id:uuid}", permission=p.OBSERVABILITY_WRITE, errors=[SloPolicyNotFound]
)
def update_slo_policy(slo_policy_id: UUID, body: SloPolicyPatch, tx: WriteTx) -> SloPolicyRead:
    """Change an objective. Switching it off closes its alerts."""
    return _read(tx, service.change(tx, slo_policy_id, body).id)


@router.delete(
    "/slo/policies/{slo_policy_id:uuid}", permission=p.OBSERVABILITY_WRITE, errors=[SloPolicyNotFound]
)
def delete_slo_policy(slo_policy_id: UUID, tx: WriteTx) -> None:
    """Remove an objective with its evaluations, and close its alerts."""
    service.delete(tx, slo_policy_id)


@router.post("/slo:evaluate", permission=p.OBSERVABILITY_WRITE, errors=[NoActiveSloPolicy])
def evaluate_slo(body: SloEvaluate, tx: WriteTx) -> SloEvaluationResult:
    """Evaluate objectives now. A breach opens one alert per objective, recovery closes it."""
    found = evaluation.evaluate(tx, body.policy_ids, window_minutes=body.window_minutes, dry_run=body.dry_run)
    items = [SloEvaluationRead.model_validate(outcome.row) for outcome in found]
    return SloEvaluationResult(
        evaluated_count=len(items),
        breached_count=sum(item.status is SloStatus.BREACHED for item in items),
        alerts_created=sum(outcome.opened for outcome in found),
        items=items,
    )


@router.get("/slo/evaluations", permission=p.OBSERVABILITY_READ)
def list_slo_evaluations(
    tx: ReadTx, wanted: Annotated[SloEvaluationFilter, Query()]
) -> Page[SloEvaluationRead]:
    """Evaluations, newest first."""
    found = queries.evaluations(wanted)
    return page(
        tx,
        found,
        wanted,
        SloEvaluationRead.model_validate,
        keys=queries.EVALUATION_SORT,
        default="-created_at",
    )


@router.get("/slo/overview", permission=p.OBSERVABILITY_READ)
def get_slo_overview(tx: ReadTx) -> SloOverview:
    """How the active objectives stand."""
    return SloOverview.model_validate(queries.overview(tx))


def _read(tx: ReadTx, policy_id: UUID) -> SloPolicyRead:
    return SloPolicyRead.model_validate(tx.one(queries.policy(policy_id), SloPolicyNotFound))
