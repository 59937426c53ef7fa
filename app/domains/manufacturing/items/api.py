"""`/api/warehouse/items`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.domains.manufacturing import permissions as p
from app.domains.manufacturing.items import queries, service
from app.domains.manufacturing.items.errors import ItemCodeTaken, ItemInUse, ItemNotFound
from app.domains.manufacturing.items.schemas import ItemCreate, ItemFilter, ItemPatch, ItemRead
from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/warehouse/items", tags=["Items"])


@router.post("", permission=p.WAREHOUSE_CREATE, status_code=201, errors=[ItemCodeTaken])
def create_item(body: ItemCreate, tx: WriteTx) -> ItemRead:
    """Define an item."""
    return _read(tx, service.create(tx, body).id)


@router.get("", permission=p.WAREHOUSE_VIEW)
def list_items(tx: ReadTx, wanted: Annotated[ItemFilter, Query()]) -> Page[ItemRead]:
    """Items by code."""
    return page(
        tx, queries.filtered(wanted), wanted, ItemRead.model_validate, keys=queries.SORT, default="code"
    )


@router.get("/{item_id:uuid}", permission=p.WAREHOUSE_VIEW, errors=[ItemNotFound])
def get_item(item_id: UUID, tx: ReadTx) -> ItemRead:
    """One item."""
    return _read(tx, item_id)


@router.patch("/{item_id:uuid}", permission=p.WAREHOUSE_UPDATE, errors=[ItemNotFound, ItemInUse])
def update_item(item_id: UUID, body: ItemPatch, tx: WriteTx) -> ItemRead:
    """Change an item."""
    return _read(tx, service.change(tx, item_id, body).id)


def _read(tx: ReadTx, item_id: UUID) -> ItemRead:
    return ItemRead.model_validate(tx.one(queries.one(item_id), ItemNotFound))
