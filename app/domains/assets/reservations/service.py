"""Use cases of reservations. The exclusion constraints decide who wins; the code explains it to the others."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.domains.assets.errors import ReservationConflict, ReservationEnded, ReservationNotFound
from app.domains.assets.events import ReservationCanceled, ReservationMade
from app.domains.assets.facts.locking import lock, lock_in_service
from app.domains.assets.reservations.models import Reservation
from app.domains.assets.reservations.schemas import ReservationCreate, ReservationFilter
from app.domains.assets.timeline.gaps import Span, next_free
from app.domains.assets.timeline.models import AssetBlock
from app.domains.assets.timeline.service import overlapping, settle, upcoming
from app.domains.assets.words import BlockKind
from app.kernel.events.envelope import ref
from app.kernel.problem import invalid
from app.kernel.tx import AnySelect, ReadTx, WriteTx

_EXCLUDED = "23P01"


def reservations() -> AnySelect:
    """Reservations with the time they take."""
    return select(
        Reservation.tenant_id,
        Reservation.id,
        AssetBlock.asset_id,
        AssetBlock.starts_at,
        AssetBlock.ends_at,
        Reservation.status,
        AssetBlock.at_risk,
        Reservation.purpose,
        Reservation.reserved_by,
        Reservation.version,
        Reservation.created_at,
        Reservation.updated_at,
    ).join(
        AssetBlock,
        (AssetBlock.tenant_id == Reservation.tenant_id) & (AssetBlock.reservation_id == Reservation.id),
    )


def filtered(wanted: ReservationFilter) -> AnySelect:
    statement = reservations()
    for column, value in (
        (AssetBlock.asset_id, wanted.asset_id),
        (Reservation.status, wanted.status),
        (AssetBlock.at_risk, wanted.at_risk),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.from_ts is not None:
        statement = statement.where(AssetBlock.ends_at > wanted.from_ts)
    if wanted.to_ts is not None:
        statement = statement.where(AssetBlock.starts_at < wanted.to_ts)
    return statement


def reserve(tx: WriteTx, data: ReservationCreate) -> Reservation:
    """Raises `AssetNotFound`, `AssetRetired`, and `ReservationConflict` naming the window in the way."""
    if data.ends_at <= tx.now:
        raise invalid("ends_at", "not_in_future", "The reservation would be over already.")
    asset = lock_in_service(tx, data.asset_id)
    settle(tx, asset.id)
    made = tx.add(
        Reservation(purpose=data.purpose, reserved_by=tx.actor, created_at=tx.now, updated_at=tx.now)
    )
    try:
        with tx.savepoint():
            tx.add(
                AssetBlock(
                    asset_id=asset.id,
                    kind=BlockKind.RESERVATION.value,
                    starts_at=data.starts_at,
                    ends_at=data.ends_at,
                    reservation_id=made.id,
                    created_by=tx.actor,
                    created_at=tx.now,
                    updated_at=tx.now,
                )
            )
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) != _EXCLUDED:
            raise
        raise _conflict(tx, data) from error
    tx.emit(
        ReservationMade(
            reservation_id=made.id, asset_id=asset.id, starts_at=data.starts_at, ends_at=data.ends_at
        ),
        subject=ref("reservation", made.id),
        related=[ref("asset", asset.id)],
        after=data.model_dump(mode="json"),
    )
    return made


def cancel(tx: WriteTx, reservation_id: UUID) -> Reservation:
    """Raises `ReservationNotFound`, and `ReservationEnded` when it was canceled or is over."""
    where = tx.one(
        select(AssetBlock.asset_id).where(AssetBlock.reservation_id == reservation_id), ReservationNotFound
    )
    lock(tx, where.asset_id)
    made = tx.get(
        select(Reservation).where(Reservation.id == reservation_id).with_for_update(), ReservationNotFound
    )
    tx.match(made)
    if made.status == "CANCELED":
        raise ReservationEnded("The reservation is canceled already.")
    blocks = tx.objects(
        select(AssetBlock).where(AssetBlock.reservation_id == reservation_id, AssetBlock.active)
    )
    if all(row.ends_at <= tx.now for row in blocks):
        raise ReservationEnded("The reservation is over.")
    for row in blocks:
        row.ended_at = tx.now
        row.updated_at = tx.now
    made.status = "CANCELED"
    made.version += 1
    made.updated_at = tx.now
    tx.flush()
    tx.emit(
        ReservationCanceled(reservation_id=reservation_id, asset_id=where.asset_id),
        subject=ref("reservation", reservation_id),
        related=[ref("asset", where.asset_id)],
        before={"status": "CONFIRMED"},
        after={"status": "CANCELED"},
    )
    return made


def _conflict(tx: ReadTx, data: ReservationCreate) -> ReservationConflict:
    first = tx.first(overlapping(data.asset_id, data.starts_at, data.ends_at))
    assert first is not None  # noqa: S101 the constraint saw it and the asset is locked
    taken = [
        Span(row.starts_at, row.ends_at, row.standing)
        for row in tx.all(*upcoming([data.asset_id], data.starts_at))
    ]
    window = {
        "starts_at": first.starts_at.isoformat(),
        "ends_at": first.ends_at.isoformat(),
        "kind": first.kind,
    }
    free_at = next_free(taken, max(data.starts_at, tx.now), data.ends_at - data.starts_at)
    return ReservationConflict(
        f"Taken from {window['starts_at']} until {window['ends_at']}; free from {free_at.isoformat()}.",
        conflict=window,
        next_free_at=free_at.isoformat(),
    )
