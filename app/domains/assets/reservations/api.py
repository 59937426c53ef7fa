"""`/api/assets/reservations`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.domains.assets import permissions as p
from app.domains.assets.errors import (
    AssetNotFound,
    AssetRetired,
    ReservationConflict,
    ReservationEnded,
    ReservationNotFound,
)
from app.domains.assets.reservations import service
from app.domains.assets.reservations.models import Reservation
from app.domains.assets.reservations.schemas import ReservationCreate, ReservationFilter, ReservationRead
from app.domains.assets.timeline.models import AssetBlock
from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/assets/reservations", tags=["Reservations"])

_SORT = {"id": Reservation.id, "starts_at": AssetBlock.starts_at, "created_at": Reservation.created_at}


@router.post(
    "",
    permission=p.ASSETS_WRITE,
    status_code=201,
    errors=[AssetNotFound, AssetRetired, ReservationConflict],
)
def create_reservation(body: ReservationCreate, tx: WriteTx) -> ReservationRead:
    """Reserve an asset. One of two that overlap wins; the other is told what is in the way and what is free."""
    return _read(tx, service.reserve(tx, body).id)


@router.get("", permission=p.ASSETS_READ)
def list_reservations(tx: ReadTx, wanted: Annotated[ReservationFilter, Query()]) -> Page[ReservationRead]:
    """Reservations, earliest first."""
    return page(
        tx, service.filtered(wanted), wanted, ReservationRead.model_validate, keys=_SORT, default="starts_at"
    )


@router.get("/{reservation_id:uuid}", permission=p.ASSETS_READ, errors=[ReservationNotFound])
def get_reservation(reservation_id: UUID, tx: ReadTx) -> ReservationRead:
    """One reservation."""
    return _read(tx, reservation_id)


@router.post(
    "/{reservation_id:uuid}:cancel",
    permission=p.ASSETS_WRITE,
    errors=[ReservationNotFound, ReservationEnded],
)
def cancel_reservation(reservation_id: UUID, tx: WriteTx) -> ReservationRead:
    """Give the time back."""
    return _read(tx, service.cancel(tx, reservation_id).id)


def _read(tx: ReadTx, reservation_id: UUID) -> ReservationRead:
    found = service.reservations().where(Reservation.id == reservation_id)
    return ReservationRead.model_validate(tx.one(found, ReservationNotFound))
