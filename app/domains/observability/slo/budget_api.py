"""`/api/observability/slo/…/budget` and `…/corrections`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.domains.observability import permissions as p
from app.domains.observability.slo import corrections, queries, reading
from app.domains.observability.slo.errors import SloCorrectionNotFound, SloPolicyNotFound
from app.domains.observability.slo.schemas import SloBudget, SloCorrectionCreate, SloCorrectionRead
from app.kernel.api.pagination import PageParams, page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/observability/slo", tags=["Objectives"])


@router.get(
    "/policies/{slo_policy_id:uuid}/budget", permission=p.OBSERVABILITY_READ, errors=[SloPolicyNotFound]
)
def get_slo_budget(slo_policy_id: UUID, tx: ReadTx) -> SloBudget:
    """The error budget in each window: what is spent, how fast it burns, and when it is gone."""
    return reading.read_budget(tx, slo_policy_id)


@router.post(
    "/policies/{slo_policy_id:uuid}/corrections",
    permission=p.OBSERVABILITY_WRITE,
    status_code=201,
    errors=[SloPolicyNotFound],
)
def create_slo_correction(slo_policy_id: UUID, body: SloCorrectionCreate, tx: WriteTx) -> SloCorrectionRead:
    """Exclude a time. Raw figures stay beside the corrected ones; evaluations that were made stay as they are."""
    return SloCorrectionRead.model_validate(corrections.exclude(tx, slo_policy_id, body))


@router.get(
    "/policies/{slo_policy_id:uuid}/corrections", permission=p.OBSERVABILITY_READ, errors=[SloPolicyNotFound]
)
def list_slo_corrections(
    slo_policy_id: UUID, tx: ReadTx, paging: Annotated[PageParams, Query()]
) -> Page[SloCorrectionRead]:
    """Times that do not count, with who excluded them and why."""
    tx.one(queries.policy(slo_policy_id), SloPolicyNotFound)
    found = queries.corrections(slo_policy_id)
    return page(
        tx, found, paging, SloCorrectionRead.model_validate, keys=queries.CORRECTION_SORT, default="id"
    )


@router.delete(
    "/corrections/{slo_correction_id:uuid}", permission=p.OBSERVABILITY_WRITE, errors=[SloCorrectionNotFound]
)
def delete_slo_correction(slo_correction_id: UUID, tx: WriteTx) -> None:
    """Let a time count again."""
    corrections.withdraw(tx, slo_correction_id)
