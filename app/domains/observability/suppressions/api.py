"""`/api/observability/suppressions`: silences, maintenance windows and inhibitions."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import or_, select

from app.domains.observability import permissions as p
from app.domains.observability.errors import SuppressionNotFound
from app.domains.observability.suppressions import service
from app.domains.observability.suppressions.models import Suppression
from app.domains.observability.suppressions.schemas import (
    Preview,
    SuppressionCreate,
    SuppressionFilter,
    SuppressionRead,
)
from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.problem import PreconditionFailed
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/observability/suppressions", tags=["Alerts"])

_COLUMNS = select(*Suppression.__table__.c)
_SORT = {"id": Suppression.id, "starts_at": Suppression.starts_at}


@router.post("", permission=p.OBSERVABILITY_WRITE, status_code=201)
def create_suppression(body: SuppressionCreate, tx: WriteTx) -> SuppressionRead:
    """Keep alerts quiet. They stay open and listed; those still open when it ends are told of then."""
    return SuppressionRead.model_validate(service.create(tx, body.suppress))


@router.get("", permission=p.OBSERVABILITY_READ)
def list_suppressions(tx: ReadTx, wanted: Annotated[SuppressionFilter, Query()]) -> Page[SuppressionRead]:
    """Suppressions, newest first; `ended=false` leaves out what is over."""
    found, s = _COLUMNS, Suppression
    if wanted.kind is not None:
        found = found.where(s.kind == wanted.kind)
    if wanted.ended is not None:
        to_come = or_(s.ends_at.is_(None), s.ends_at > tx.now)
        found = found.where(~to_come if wanted.ended else to_come)
    return page(tx, found, wanted, SuppressionRead.model_validate, keys=_SORT, default="-id")


@router.get("/{suppression_id:uuid}", permission=p.OBSERVABILITY_READ, errors=[SuppressionNotFound])
def get_suppression(suppression_id: UUID, tx: ReadTx) -> SuppressionRead:
    """One suppression."""
    found = _COLUMNS.where(Suppression.id == suppression_id)
    return SuppressionRead.model_validate(tx.one(found, SuppressionNotFound))


@router.post(
    "/{suppression_id:uuid}:end",
    permission=p.OBSERVABILITY_WRITE,
    errors=[SuppressionNotFound, PreconditionFailed],
)
def end_suppression(suppression_id: UUID, tx: WriteTx) -> SuppressionRead:
    """End a suppression now. It stays on record."""
    return SuppressionRead.model_validate(service.end(tx, suppression_id))


@router.post(":preview", permission=p.OBSERVABILITY_READ)
def preview_suppression(body: SuppressionCreate, tx: WriteTx) -> Preview:
    """Which open alerts a suppression would keep quiet now. Writes nothing."""
    return service.preview(tx, body.suppress)
