"""`/api/warehouse/alerts`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import select

from app.domains import observability
from app.domains.manufacturing import permissions as p
from app.domains.manufacturing.alerts import service
from app.domains.manufacturing.alerts.errors import StockThresholdNotFound, StockThresholdTaken
from app.domains.manufacturing.alerts.models import StockThreshold
from app.domains.manufacturing.alerts.schemas import (
    StockAlertAcknowledge,
    StockAlertFilter,
    StockAlertRead,
    StockThresholdCreate,
    StockThresholdFilter,
    StockThresholdPatch,
    StockThresholdRead,
)
from app.domains.manufacturing.items.errors import ItemNotFound
from app.domains.manufacturing.stock.errors import LocationNotFound
from app.domains.observability import AlertClosed, AlertNotFound, Source
from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.events.envelope import ref
from app.kernel.tx import AnyRow, ReadTx, WriteTx

router = Router("/api/warehouse/alerts", tags=["Stock"])

_COLUMNS = select(*StockThreshold.__table__.c)
_SORT = {"id": StockThreshold.id, "created_at": StockThreshold.created_at}


@router.post(
    "/thresholds",
    permission=p.WAREHOUSE_UPDATE,
    status_code=201,
    errors=[ItemNotFound, LocationNotFound, StockThresholdTaken],
)
def create_stock_threshold(body: StockThresholdCreate, tx: WriteTx) -> StockThresholdRead:
    """Say how little of an item may be there. What is low already raises its alert at once."""
    return StockThresholdRead.model_validate(service.create(tx, body))


@router.get("/thresholds", permission=p.WAREHOUSE_VIEW)
def list_stock_thresholds(
    tx: ReadTx, wanted: Annotated[StockThresholdFilter, Query()]
) -> Page[StockThresholdRead]:
    """Thresholds, oldest first."""
    found = _COLUMNS
    if wanted.item_id is not None:
        found = found.where(StockThreshold.item_id == wanted.item_id)
    if wanted.location_id is not None:
        found = found.where(StockThreshold.location_id == wanted.location_id)
    return page(tx, found, wanted, StockThresholdRead.model_validate, keys=_SORT, default="id")


@router.get(
    "/thresholds/{stock_threshold_id:uuid}", permission=p.WAREHOUSE_VIEW, errors=[StockThresholdNotFound]
)
def get_stock_threshold(stock_threshold_id: UUID, tx: ReadTx) -> StockThresholdRead:
    """One threshold."""
    found = _COLUMNS.where(StockThreshold.id == stock_threshold_id)
    return StockThresholdRead.model_validate(tx.one(found, StockThresholdNotFound))


@router.patch(
    "/thresholds/{stock_threshold_id:uuid}", permission=p.WAREHOUSE_UPDATE, errors=[StockThresholdNotFound]
)
def update_stock_threshold(
    stock_threshold_id: UUID, body: StockThresholdPatch, tx: WriteTx
) -> StockThresholdRead:
    """Change the levels of a threshold; its alerts follow at once."""
    return StockThresholdRead.model_validate(service.change(tx, stock_threshold_id, body))


@router.delete(
    "/thresholds/{stock_threshold_id:uuid}",
    permission=p.WAREHOUSE_DELETE,
    status_code=204,
    errors=[StockThresholdNotFound],
)
def delete_stock_threshold(stock_threshold_id: UUID, tx: WriteTx) -> None:
    """Take a threshold away; what it alone said is wrong is closed."""
    service.delete(tx, stock_threshold_id)


@router.get("/active", permission=p.WAREHOUSE_VIEW)
def list_active_stock_alerts(
    tx: ReadTx, wanted: Annotated[StockAlertFilter, Query()]
) -> Page[StockAlertRead]:
    """What is low now, newest first. The history is under `/api/observability/alerts?source=STOCK`."""
    found = observability.open_alerts(Source.STOCK)
    if wanted.item_id is not None:
        found = found.where(found.selected_columns["subject"] == ref("item", wanted.item_id))
    rows: Page[AnyRow] = page(
        tx, found, wanted, lambda row: row, keys=observability.ALERT_SORT, default="-created_at"
    )
    return Page(service.shown(tx, rows.items), rows.next_cursor, rows.total)


@router.post(
    "/{stock_alert_id:uuid}/acknowledge", permission=p.WAREHOUSE_UPDATE, errors=[AlertNotFound, AlertClosed]
)
def acknowledge_stock_alert(stock_alert_id: UUID, body: StockAlertAcknowledge, tx: WriteTx) -> StockAlertRead:
    """Take a stock alert on."""
    return service.acknowledge(tx, stock_alert_id, body.note)
