"""`/api/warehouse/bom/{id}/…`: what follows from bills of materials."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.domains.manufacturing import permissions as p
from app.domains.manufacturing.bom.errors import BomNotFound, RevisionNotFound
from app.domains.manufacturing.graph import service
from app.domains.manufacturing.graph.compare import compare
from app.domains.manufacturing.graph.schemas import (
    AsOf,
    AsOfFilter,
    BuildableRead,
    CompareFilter,
    CompareRead,
    CostRead,
    ExplodedRow,
    ExplodeFilter,
    WhereUsedRow,
)
from app.domains.manufacturing.items.errors import ItemNotFound
from app.kernel.api.routing import Router
from app.kernel.api.rows import Rows
from app.kernel.tx import ReadTx

router = Router("/api/warehouse", tags=["Bills of materials"])
_NOT_FOUND = [BomNotFound, RevisionNotFound]


@router.get("/bom/{bom_id:uuid}/explode", permission=p.WAREHOUSE_VIEW, errors=_NOT_FOUND)
def explode_bom(bom_id: UUID, tx: ReadTx, wanted: Annotated[ExplodeFilter, Query()]) -> Rows[ExplodedRow]:
    """Everything that goes into the product, on all levels. NDJSON or CSV when `Accept` asks for it."""
    return service.explode(tx, bom_id, wanted)


@router.get("/bom/{bom_id:uuid}/where-used", permission=p.WAREHOUSE_VIEW, errors=[BomNotFound])
def find_bom_uses(bom_id: UUID, tx: ReadTx, wanted: Annotated[AsOfFilter, Query()]) -> Rows[WhereUsedRow]:
    """Everything that the product goes into, on all levels."""
    return service.where_used(tx, bom_id, wanted)


@router.get("/items/{item_id:uuid}/where-used", permission=p.WAREHOUSE_VIEW, errors=[ItemNotFound])
def find_item_uses(item_id: UUID, tx: ReadTx, wanted: Annotated[AsOfFilter, Query()]) -> Rows[WhereUsedRow]:
    """Everything that an item goes into, on all levels."""
    return service.where_item_used(tx, item_id, wanted)


@router.get("/bom/{bom_id:uuid}/cost", permission=p.WAREHOUSE_VIEW, errors=_NOT_FOUND)
def cost_bom(bom_id: UUID, tx: ReadTx, wanted: Annotated[AsOfFilter, Query()]) -> CostRead:
    """What is bought for the product, at standard cost."""
    return service.cost(tx, bom_id, wanted)


@router.get("/bom/{bom_id:uuid}/max-buildable", permission=p.WAREHOUSE_VIEW, errors=_NOT_FOUND)
def count_buildable(bom_id: UUID, tx: ReadTx, as_of: Annotated[AsOf, Query()] = None) -> BuildableRead:
    """How many can be made of what is free in stock, and which item ends it."""
    return service.max_buildable(tx, bom_id, as_of)


@router.get("/bom/{bom_id:uuid}/compare", permission=p.WAREHOUSE_VIEW, errors=_NOT_FOUND)
def compare_bom(bom_id: UUID, tx: ReadTx, wanted: Annotated[CompareFilter, Query()]) -> CompareRead:
    """What differs between two revisions: lines, and needs over all levels."""
    return compare(tx, bom_id, wanted)
