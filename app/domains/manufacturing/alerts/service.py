"""Use cases of thresholds and of the alerts they raise."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.domains import observability
from app.domains.manufacturing.alerts import watch
from app.domains.manufacturing.alerts.errors import StockThresholdNotFound
from app.domains.manufacturing.alerts.events import StockThresholdDeleted, StockThresholdSet
from app.domains.manufacturing.alerts.models import StockThreshold
from app.domains.manufacturing.alerts.schemas import (
    StockAlertRead,
    StockThresholdCreate,
    StockThresholdPatch,
)
from app.domains.manufacturing.alerts.watch import Level
from app.domains.manufacturing.items import service as items
from app.domains.manufacturing.quantities import plain
from app.domains.manufacturing.stock.locations import service as locations
from app.domains.observability import AlertNotFound, Source
from app.kernel.events.envelope import ref
from app.kernel.problem import invalid
from app.kernel.tx import AnyRow, ReadTx, WriteTx


def create(tx: WriteTx, data: StockThresholdCreate) -> StockThreshold:
    """Raises `ItemNotFound`, `LocationNotFound`; 422 for levels and places that don't fit."""
    held = _hold(tx, data.item_id)
    if data.location_id is not None:
        place = locations.places(tx, [data.location_id])[data.location_id]
        if not place.holds_stock:
            raise invalid("location_id", "holds_no_stock", f"{place.code} holds no stock.")
    threshold = StockThreshold(
        item_id=data.item_id,
        location_id=data.location_id,
        minimum=data.minimum,
        clear_level=data.minimum if data.clear_level is None else data.clear_level,
        severity=data.severity.value,
        is_active=data.is_active,
        created_at=tx.now,
        updated_at=tx.now,
    )
    _check(threshold)
    tx.add(threshold)
    _announce(tx, threshold)
    watch.judge(tx, held)
    return threshold


def change(tx: WriteTx, threshold_id: UUID, data: StockThresholdPatch) -> StockThreshold:
    """Raises `StockThresholdNotFound`; 422 for levels that don't fit."""
    threshold, held = _locked(tx, threshold_id)
    before = _state(threshold)
    follows = threshold.clear_level == threshold.minimum and data.clear_level is None
    for name, value in data.model_dump(exclude_unset=True).items():
        if value is not None:
            setattr(threshold, name, value)
    if follows:
        threshold.clear_level = threshold.minimum
    _check(threshold)
    threshold.version += 1
    threshold.updated_at = tx.now
    tx.flush()
    _announce(tx, threshold, before)
    watch.judge(tx, held)
    return threshold


def delete(tx: WriteTx, threshold_id: UUID) -> None:
    """What it alone said is wrong is over with it. Raises `StockThresholdNotFound`."""
    threshold, held = _locked(tx, threshold_id)
    tx.session.delete(threshold)
    tx.flush()
    tx.emit(
        StockThresholdDeleted(threshold_id=threshold_id),
        subject=ref("stock_threshold", threshold_id),
        before=_state(threshold),
    )
    watch.judge(tx, held)


def acknowledge(tx: WriteTx, alert_id: UUID, note: str | None) -> StockAlertRead:
    """Raises `AlertNotFound`, `AlertClosed`."""
    row = observability.acknowledge_alert(tx, Source.STOCK, alert_id, note=note)
    for alert in shown(tx, [row]):
        return alert
    raise AlertNotFound("The alert is not about a threshold.")


def shown(tx: ReadTx, rows: Sequence[AnyRow]) -> list[StockAlertRead]:
    """Those of these alerts that a threshold raised, with what they are about as it is now."""
    about = {UUID(row.labels["item_id"]) for row in rows if "threshold_id" in row.labels}
    now = (
        {(level.key, ref("item", level.item_id)): level for level in watch.levels(tx, about)} if about else {}
    )
    return [_shown(row, now[row.key, row.subject]) for row in rows if (row.key, row.subject) in now]


def _shown(row: AnyRow, level: Level) -> StockAlertRead:
    about = {
        "item_id": level.item_id,
        "item_code": level.item_code,
        "location_id": level.location_id,
        "quantity": level.quantity,
        "threshold": level.minimum,
        "clear_level": level.clear_level,
        "uom": level.uom,
    }
    return StockAlertRead.model_validate(dict(row._mapping) | about)  # noqa: SLF001 public API


def _hold(tx: WriteTx, item_id: UUID | None) -> list[UUID]:
    """The items that a threshold is about, held so that their stock stands still. Raises `ItemNotFound`."""
    if item_id is None:
        return watch.hold_all(tx)
    items.lock(tx, [item_id])
    return [item_id]


def _locked(tx: WriteTx, threshold_id: UUID) -> tuple[StockThreshold, list[UUID]]:
    named = select(StockThreshold.item_id).where(StockThreshold.id == threshold_id)
    held = _hold(tx, tx.one(named, StockThresholdNotFound).item_id)
    query = select(StockThreshold).where(StockThreshold.id == threshold_id).with_for_update()
    threshold = tx.get(query, StockThresholdNotFound)
    tx.match(threshold)
    return threshold, held


def _check(threshold: StockThreshold) -> None:
    if threshold.clear_level < threshold.minimum:
        raise invalid("clear_level", "below_minimum", "clear_level must not be below minimum.")


def _announce(tx: WriteTx, threshold: StockThreshold, before: dict[str, Any] | None = None) -> None:
    tx.emit(
        StockThresholdSet(
            threshold_id=threshold.id, item_id=threshold.item_id, location_id=threshold.location_id
        ),
        subject=ref("stock_threshold", threshold.id),
        related=[ref("item", threshold.item_id)] if threshold.item_id else [],
        before=before,
        after=_state(threshold),
    )


def _state(threshold: StockThreshold) -> dict[str, Any]:
    return {
        "minimum": plain(threshold.minimum),
        "clear_level": plain(threshold.clear_level),
        "severity": str(threshold.severity),
        "is_active": threshold.is_active,
    }
