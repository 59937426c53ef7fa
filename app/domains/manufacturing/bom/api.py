"""`/api/warehouse/bom`: bills of materials, their revisions and variants."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.domains.manufacturing import permissions as p
from app.domains.manufacturing.bom import reads, service, variants
from app.domains.manufacturing.bom.errors import (
    BomExists,
    BomInUse,
    BomNotFound,
    BomRetired,
    LineNotFound,
    MaterialTwice,
    NothingToChoose,
    NothingToRelease,
    PrimaryTwice,
    RevisionNotFound,
    UnitMismatch,
    VariantNotFound,
    WeightsTooHigh,
)
from app.domains.manufacturing.bom.schemas import (
    BomCreate,
    BomFilter,
    BomRead,
    BomRelease,
    BomSummary,
    BomUpdate,
    RevisionRead,
    SelectionCreate,
    SelectionRead,
    VariantCreate,
    VariantRead,
    VariantRemoved,
    VariantsFilter,
    VariantUpdate,
)
from app.domains.manufacturing.graph.errors import BomLoop
from app.domains.manufacturing.items.errors import ItemNotFound
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/warehouse/bom", tags=["Bills of materials"])
_ABOUT_VARIANTS = [
    BomNotFound,
    BomRetired,
    LineNotFound,
    ItemNotFound,
    MaterialTwice,
    PrimaryTwice,
    WeightsTooHigh,
    UnitMismatch,
    BomLoop,
]


@router.post("", permission=p.WAREHOUSE_CREATE, status_code=201, errors=[ItemNotFound, BomExists, BomLoop])
def create_bom(body: BomCreate, tx: WriteTx) -> BomRead:
    """Make a bill of materials and release it, unless `draft`."""
    return reads.one(tx, service.create(tx, body))


@router.get("", permission=p.WAREHOUSE_VIEW)
def list_boms(tx: ReadTx, wanted: Annotated[BomFilter, Query()]) -> Page[BomSummary]:
    """Bills of materials, oldest first, each with the revision that stands for it."""
    return reads.many(tx, wanted)


@router.get("/{bom_id:uuid}", permission=p.WAREHOUSE_VIEW, errors=[BomNotFound])
def get_bom(bom_id: UUID, tx: ReadTx) -> BomRead:
    """One bill of materials with its lines."""
    return reads.one(tx, bom_id)


@router.put(
    "/{bom_id:uuid}",
    permission=p.WAREHOUSE_UPDATE,
    errors=[BomNotFound, BomRetired, ItemNotFound, BomLoop],
)
def update_bom(bom_id: UUID, body: BomUpdate, tx: WriteTx) -> BomRead:
    """Make the next revision; those before are kept."""
    service.revise(tx, bom_id, body)
    return reads.one(tx, bom_id)


@router.delete("/{bom_id:uuid}", permission=p.WAREHOUSE_DELETE, errors=[BomNotFound, BomRetired, BomInUse])
def delete_bom(bom_id: UUID, tx: WriteTx) -> None:
    """Take a bill of materials out of use; its revisions are kept."""
    service.retire(tx, bom_id)


@router.post(
    "/{bom_id:uuid}:release",
    permission=p.WAREHOUSE_UPDATE,
    errors=[BomNotFound, BomRetired, NothingToRelease, BomLoop],
)
def release_bom(bom_id: UUID, body: BomRelease, tx: WriteTx) -> BomRead:
    """Release the latest draft."""
    service.release(tx, bom_id, body.effective_from)
    return reads.one(tx, bom_id)


@router.get("/{bom_id:uuid}/revisions", permission=p.WAREHOUSE_VIEW, errors=[BomNotFound])
def list_bom_revisions(bom_id: UUID, tx: ReadTx) -> list[RevisionRead]:
    """Every revision there ever was, the newest first."""
    return reads.revisions(tx, bom_id)


@router.post(
    "/{bom_id:uuid}/variants", permission=p.WAREHOUSE_UPDATE, status_code=201, errors=_ABOUT_VARIANTS
)
def create_bom_variant(bom_id: UUID, body: VariantCreate, tx: WriteTx) -> VariantRead:
    """Allow another material for a line; makes the next released revision."""
    return variants.add(tx, bom_id, body)


@router.get("/{bom_id:uuid}/variants", permission=p.WAREHOUSE_VIEW, errors=[BomNotFound])
def list_bom_variants(
    bom_id: UUID, tx: ReadTx, wanted: Annotated[VariantsFilter, Query()]
) -> list[VariantRead]:
    """The variants of the current revision, line by line in their order."""
    return variants.many(tx, bom_id, wanted.line_id)


@router.put(
    "/{bom_id:uuid}/variants/{variant_id:uuid}",
    permission=p.WAREHOUSE_UPDATE,
    errors=[*_ABOUT_VARIANTS, VariantNotFound],
)
def update_bom_variant(bom_id: UUID, variant_id: UUID, body: VariantUpdate, tx: WriteTx) -> VariantRead:
    """Change a variant; makes the next released revision."""
    return variants.change(tx, bom_id, variant_id, body)


@router.delete(
    "/{bom_id:uuid}/variants/{variant_id:uuid}",
    permission=p.WAREHOUSE_DELETE,
    errors=[BomNotFound, BomRetired, VariantNotFound],
)
def delete_bom_variant(bom_id: UUID, variant_id: UUID, tx: WriteTx) -> VariantRemoved:
    """Take a variant away; makes the next released revision."""
    return VariantRemoved(bom_id=bom_id, revision_id=variants.remove(tx, bom_id, variant_id))


@router.post(
    "/{bom_id:uuid}/variants:select",
    permission=p.WAREHOUSE_UPDATE,
    errors=[BomNotFound, RevisionNotFound, LineNotFound, NothingToChoose],
)
def select_bom_material(bom_id: UUID, body: SelectionCreate, tx: WriteTx) -> SelectionRead:
    """Choose the material of a line for a quantity. The decision is kept with its reason and can be replayed."""
    return variants.select_material(tx, bom_id, body)


@router.get("/{bom_id:uuid}/selections", permission=p.WAREHOUSE_VIEW, errors=[BomNotFound])
def list_bom_selections(bom_id: UUID, tx: ReadTx) -> list[SelectionRead]:
    """Which materials were chosen, and why; the newest first."""
    return variants.selections(tx, bom_id)
