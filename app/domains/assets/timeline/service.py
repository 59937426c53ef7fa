"""Use cases of the timeline. Every one holds the asset's row lock, so the constraints are a wall behind a queue.

Breakdown beats a booking: a DOWN block never fails on reservations, it puts the ones it overlaps at risk, with an
event, in the same transaction; when it ends they are whole again.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    DateTime,
    Select,
    Uuid,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from app.domains.assets.events import ReservationAtRisk, ReservationRestored
from app.domains.assets.timeline.models import AssetBlock
from app.domains.assets.words import Availability, BlockKind
from app.kernel.events.envelope import ref
from app.kernel.tx import AnySelect, ReadTx, WriteTx

EXTEND_BY = timedelta(hours=2)
EXTEND_WHEN_LEFT = timedelta(minutes=30)
RESERVATION = BlockKind.RESERVATION.value
_SHORTEST_DAY = timedelta(hours=1)


def _id(name: str) -> BindParameter[UUID]:
    return bindparam(name, type_=Uuid())


def _at(name: str) -> BindParameter[datetime]:
    return bindparam(name, type_=DateTime(timezone=True))


_OF_ASSET = and_(AssetBlock.asset_id == _id("asset_id"), AssetBlock.active)
_DOWN = aliased(AssetBlock)
_BROKEN_INTO = exists().where(
    _DOWN.tenant_id == AssetBlock.tenant_id,
    _DOWN.asset_id == AssetBlock.asset_id,
    _DOWN.active,
    _DOWN.occupancy == "DOWN",
    _DOWN.starts_at < AssetBlock.ends_at,
    _DOWN.ends_at > AssetBlock.starts_at,
)
_WHOLE_AGAIN = select(AssetBlock).where(
    _OF_ASSET, AssetBlock.at_risk, AssetBlock.ends_at > _at("now"), ~_BROKEN_INTO
)
_TOUCHED = select(AssetBlock).where(
    _OF_ASSET,
    AssetBlock.kind == RESERVATION,
    AssetBlock.at_risk.is_(False),
    AssetBlock.starts_at < _at("ends_at"),
    AssetBlock.ends_at > _at("starts_at"),
)
_DUE = and_(
    AssetBlock.active,
    AssetBlock.kind != RESERVATION,
    AssetBlock.ends_at <= _at("soon"),
    or_(AssetBlock.standing, AssetBlock.ends_at <= _at("now")),
)
_ASSETS_DUE = select(AssetBlock.asset_id).where(_DUE)
_DUE_OF_ASSET = select(AssetBlock).where(_DUE, _OF_ASSET).with_for_update()
_END_WORK = (
    select(AssetBlock).where(_OF_ASSET, AssetBlock.work_order_id == _id("work_order_id")).with_for_update()
)
_END_STATED = select(AssetBlock).where(_OF_ASSET, AssetBlock.kind == BlockKind.MANUAL.value).with_for_update()
_HELD = select(exists().where(AssetBlock.work_order_id == _id("work_order_id"), AssetBlock.active))


def end_of_day(now: datetime) -> datetime:
    """The coming midnight UTC, at least an hour away."""
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if midnight - now >= _SHORTEST_DAY else midnight + timedelta(days=1)


def block(
    tx: WriteTx,
    asset_id: UUID,
    kind: BlockKind,
    *,
    until: datetime | None = None,
    standing: bool = True,
    stated: Availability | None = None,
    reason: str | None = None,
    work_order_id: UUID | None = None,
) -> AssetBlock:
    """Take the asset down from now on. Without `until` the block ends today unless it still stands then."""
    ends_at = until if until is not None and until > tx.now else end_of_day(tx.now)
    _put_at_risk(tx, asset_id, tx.now, ends_at)
    return tx.add(
        AssetBlock(
            asset_id=asset_id,
            kind=kind.value,
            starts_at=tx.now,
            ends_at=ends_at,
            standing=standing,
            stated=stated.value if stated else None,
            reason=reason,
            work_order_id=work_order_id,
            created_by=tx.actor,
            created_at=tx.now,
            updated_at=tx.now,
        )
    )


def end_blocks(tx: WriteTx, asset_id: UUID, *conditions: Any) -> int:
    """End active blocks of the asset now and restore the reservations that nothing breaks into any more."""
    ended = _end(tx, select(AssetBlock).where(_OF_ASSET, *conditions).with_for_update(), asset_id=asset_id)
    restore(tx, asset_id)
    return ended


def state(tx: WriteTx, asset_id: UUID, word: Availability, until: datetime | None) -> None:
    """Replace the manual statement; AVAILABLE only withdraws it. Reservations that stay at risk hear nothing."""
    _end(tx, _END_STATED, asset_id=asset_id)
    if word is not Availability.AVAILABLE:
        block(tx, asset_id, BlockKind.MANUAL, until=until, standing=until is None, stated=word)
    restore(tx, asset_id)


def end_of_work(tx: WriteTx, asset_id: UUID, work_order_id: UUID) -> int:
    ended = _end(tx, _END_WORK, asset_id=asset_id, work_order_id=work_order_id)
    restore(tx, asset_id)
    return ended


def holds(tx: ReadTx, work_order_id: UUID) -> bool:
    """Whether the work order holds its asset already."""
    return bool(tx.scalar(_HELD, {"work_order_id": work_order_id}))


def grounding_in_force(now: datetime) -> ColumnElement[bool]:
    return and_(
        AssetBlock.kind == BlockKind.GROUNDING.value, or_(AssetBlock.ends_at > now, AssetBlock.standing)
    )


def restore(tx: WriteTx, asset_id: UUID) -> None:
    """Make whole the reservations at risk that overlap no active DOWN block any more."""
    whole = tx.objects(_WHOLE_AGAIN, {"asset_id": asset_id, "now": tx.now})
    for row in whole:
        row.at_risk = False
        row.updated_at = tx.now
        assert row.reservation_id is not None  # noqa: S101 a CHECK of the table
        tx.emit(
            ReservationRestored(reservation_id=row.reservation_id, asset_id=asset_id),
            subject=ref("reservation", row.reservation_id),
            related=[ref("asset", asset_id)],
        )
    tx.flush()


def settle(tx: WriteTx, asset_id: UUID) -> None:
    """Bring the asset's blocks up to now: standing ones are moved on, ones whose time is over are ended."""
    moments = {"now": tx.now, "soon": tx.now + EXTEND_WHEN_LEFT}
    due = tx.objects(_DUE_OF_ASSET, {"asset_id": asset_id, **moments})
    for row in due:
        if row.standing:
            _extend(tx, row)
        else:
            row.ended_at = row.ends_at
            row.updated_at = tx.now
    if due:
        tx.flush()
        restore(tx, asset_id)


def assets_to_settle(tx: ReadTx) -> set[UUID]:
    """Assets with DOWN blocks that stand and are about to run out, or that don't and have."""
    rows = tx.all(_ASSETS_DUE, {"now": tx.now, "soon": tx.now + EXTEND_WHEN_LEFT})
    return {row.asset_id for row in rows}


def overlapping(asset_id: UUID, starts_at: datetime, ends_at: datetime) -> AnySelect:
    """Active blocks of the asset that touch the period, earliest first."""
    return (
        select(AssetBlock.kind, AssetBlock.starts_at, AssetBlock.ends_at, AssetBlock.standing)
        .where(
            AssetBlock.asset_id == asset_id,
            AssetBlock.active,
            AssetBlock.exclusive,
            AssetBlock.starts_at < ends_at,
            AssetBlock.ends_at > starts_at,
        )
        .order_by(AssetBlock.starts_at, AssetBlock.id)
    )


def still_reserved(tx: ReadTx, asset_id: UUID) -> list[UUID]:
    """Reservations of the asset that are not over."""
    rows = tx.all(
        select(AssetBlock.reservation_id).where(
            AssetBlock.asset_id == asset_id,
            AssetBlock.active,
            AssetBlock.kind == RESERVATION,
            AssetBlock.ends_at > tx.now,
        )
    )
    return [row.reservation_id for row in rows]


_UPCOMING = (
    select(AssetBlock.asset_id, AssetBlock.starts_at, AssetBlock.ends_at, AssetBlock.standing)
    .where(
        AssetBlock.asset_id == func.any(bindparam("asset_ids", type_=ARRAY(Uuid))),
        AssetBlock.active,
        or_(AssetBlock.ends_at > bindparam("after", type_=DateTime(timezone=True)), AssetBlock.standing),
    )
    .order_by(AssetBlock.starts_at)
)


def upcoming(asset_ids: list[UUID], after: datetime) -> tuple[AnySelect, dict[str, Any]]:
    """Active blocks of these assets that are not over, what the next free instant is computed from: the statement
    and its parameters."""
    return _UPCOMING, {"asset_ids": asset_ids, "after": after}


def _end(tx: WriteTx, blocks: Select[AssetBlock], **named: UUID) -> int:
    found = tx.objects(blocks, named)
    for row in found:
        row.ended_at = tx.now
        row.updated_at = tx.now
    tx.flush()
    return len(found)


def _extend(tx: WriteTx, row: AssetBlock) -> None:
    """Move the end on by whole small steps, putting at risk only what it now reaches.

    Whole steps: whoever comes a moment later to a block that nobody extended finds the same end.
    """
    steps = (tx.now + EXTEND_WHEN_LEFT - row.ends_at) // EXTEND_BY + 1
    ends_at = row.ends_at + steps * EXTEND_BY
    _put_at_risk(tx, row.asset_id, row.ends_at, ends_at)
    row.ends_at = ends_at
    row.updated_at = tx.now
    tx.flush()


def _put_at_risk(tx: WriteTx, asset_id: UUID, starts_at: datetime, ends_at: datetime) -> None:
    touched = tx.objects(_TOUCHED, {"asset_id": asset_id, "starts_at": starts_at, "ends_at": ends_at})
    for row in touched:
        row.at_risk = True
        row.updated_at = tx.now
        assert row.reservation_id is not None  # noqa: S101 a CHECK of the table
        tx.emit(
            ReservationAtRisk(
                reservation_id=row.reservation_id,
                asset_id=asset_id,
                starts_at=row.starts_at,
                ends_at=row.ends_at,
            ),
            subject=ref("reservation", row.reservation_id),
            related=[ref("asset", asset_id)],
        )
    tx.flush()
