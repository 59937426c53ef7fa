"""`/api/ppic/lines` and `/api/ppic/handovers`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import select

from app.domains.manufacturing import permissions as p
from app.domains.manufacturing.handover import service
from app.domains.manufacturing.handover.errors import (
    HandoverBySender,
    HandoverDecided,
    HandoverImpossible,
    HandoverNotFound,
    HandoverPending,
)
from app.domains.manufacturing.handover.models import ProductionHandover
from app.domains.manufacturing.handover.schemas import (
    HandoverAccept,
    HandoverCreate,
    HandoverFilter,
    HandoverRead,
    HandoverReject,
    LineCreate,
    ProductionLineRead,
)
from app.domains.manufacturing.lines.errors import (
    LineCodeTaken,
    LineInUse,
    LineNotClear,
    ProductionLineNotFound,
)
from app.domains.manufacturing.lines.models import ProductionLine
from app.domains.manufacturing.orders.errors import TaskNotFound
from app.kernel.api.pagination import PageParams, page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import AnySelect, ReadTx, WriteTx

lines = Router("/api/ppic/lines", tags=["Production"])
handovers = Router("/api/ppic/handovers", tags=["Production"])
H, L = ProductionHandover, ProductionLine
_LINES: AnySelect = select(*L.__table__.c)
_HANDOVERS: AnySelect = select(*H.__table__.c)


@lines.post("", permission=p.PPIC_CREATE, status_code=201, errors=[LineCodeTaken])
def create_line(body: LineCreate, tx: WriteTx) -> ProductionLineRead:
    """Set up a production line; it is clear."""
    return _line(tx, service.create_line(tx, body))


@lines.get("", permission=p.PPIC_VIEW)
def list_lines(tx: ReadTx, wanted: Annotated[PageParams, Query()]) -> Page[ProductionLineRead]:
    """Production lines by code, and what is on them."""
    keys = {"id": L.id, "code": L.code}
    return page(tx, _LINES, wanted, ProductionLineRead.model_validate, keys=keys, default="code")


@lines.get("/{production_line_id:uuid}", permission=p.PPIC_VIEW, errors=[ProductionLineNotFound])
def get_line(production_line_id: UUID, tx: ReadTx) -> ProductionLineRead:
    """One production line."""
    return _line(tx, production_line_id)


@lines.post(
    "/{production_line_id:uuid}:clear", permission=p.PPIC_UPDATE, errors=[ProductionLineNotFound, LineInUse]
)
def clear_line(production_line_id: UUID, tx: WriteTx) -> ProductionLineRead:
    """State that nothing of the last product is left on the line."""
    service.clear_line(tx, production_line_id)
    return _line(tx, production_line_id)


@handovers.post(
    "",
    permission=p.PPIC_UPDATE,
    status_code=201,
    errors=[TaskNotFound, ProductionLineNotFound, HandoverImpossible, HandoverPending],
)
def send_handover(body: HandoverCreate, tx: WriteTx) -> HandoverRead:
    """Send a task's work on to another department, which has to accept it."""
    return _handover(tx, service.send(tx, body))


@handovers.get("", permission=p.PPIC_VIEW)
def list_handovers(tx: ReadTx, wanted: Annotated[HandoverFilter, Query()]) -> Page[HandoverRead]:
    """Hand-overs, oldest first."""
    found = _HANDOVERS
    for name in ("task_id", "to_department", "status"):
        value = getattr(wanted, name)
        if value is not None:
            found = found.where(getattr(H, name) == value)
    return page(tx, found, wanted, HandoverRead.model_validate, keys={"id": H.id}, default="id")


@handovers.get("/{handover_id:uuid}", permission=p.PPIC_VIEW, errors=[HandoverNotFound])
def get_handover(handover_id: UUID, tx: ReadTx) -> HandoverRead:
    """One hand-over."""
    return _handover(tx, handover_id)


@handovers.post(
    "/{handover_id:uuid}:accept",
    permission=p.PPIC_UPDATE,
    errors=[HandoverNotFound, HandoverDecided, HandoverBySender, LineNotClear],
)
def accept_handover(handover_id: UUID, body: HandoverAccept, tx: WriteTx) -> HandoverRead:
    """Accept what was sent. Not for who sent it; refused while another product is on the line."""
    service.accept(tx, handover_id, body)
    return _handover(tx, handover_id)


@handovers.post(
    "/{handover_id:uuid}:reject",
    permission=p.PPIC_UPDATE,
    errors=[HandoverNotFound, HandoverDecided, HandoverBySender],
)
def reject_handover(handover_id: UUID, body: HandoverReject, tx: WriteTx) -> HandoverRead:
    """Send it back; the task stays where it is."""
    service.reject(tx, handover_id, body.reason)
    return _handover(tx, handover_id)


@handovers.post(
    "/{handover_id:uuid}:cancel", permission=p.PPIC_UPDATE, errors=[HandoverNotFound, HandoverDecided]
)
def cancel_handover(handover_id: UUID, tx: WriteTx) -> HandoverRead:
    """Withdraw a hand-over that nobody has decided."""
    service.withdraw(tx, handover_id)
    return _handover(tx, handover_id)


def _line(tx: ReadTx, production_line_id: UUID) -> ProductionLineRead:
    return ProductionLineRead.model_validate(
        tx.one(_LINES.where(L.id == production_line_id), ProductionLineNotFound)
    )


def _handover(tx: ReadTx, handover_id: UUID) -> HandoverRead:
    return HandoverRead.model_validate(tx.one(_HANDOVERS.where(H.id == handover_id), HandoverNotFound))
