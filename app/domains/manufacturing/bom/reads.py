"""Reading bills of materials."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Uuid, and_, bindparam, case, exists, func, literal, select, union

from app.domains.manufacturing.bom.errors import BomNotFound, RevisionNotFound
from app.domains.manufacturing.bom.lines import Line
from app.domains.manufacturing.bom.models import Bom, BomLine, BomRevision, BomVariant
from app.domains.manufacturing.bom.schemas import (
    BomFilter,
    BomLineRead,
    BomRead,
    BomSummary,
    RevisionRead,
)
from app.domains.manufacturing.bom.words import BomType, plain
from app.domains.manufacturing.items.models import Item
from app.domains.manufacturing.units.models import Unit
from app.kernel.api.pagination import page
from app.kernel.api.schemas import Page
from app.kernel.tx import AnyRow, ReadTx

_AT = bindparam("at", type_=DateTime(timezone=True))
_R = BomRevision.__table__.c
_IN_FORCE = and_(
    _R.released_at.is_not(None),
    _R.effective_from <= _AT,
    _R.effective_to.is_(None) | (_R.effective_to > _AT),
)
_STATUS = case(
    (_R.released_at.is_(None), literal("DRAFT")),
    (_R.effective_to <= _AT, literal("OBSOLETE")),
    else_=literal("RELEASED"),
)
# The revision that stands for the header: in force, else released last, else the latest draft.
_SHOWN = (
    select(_R.id)
    .where(_R.bom_id == Bom.id)
    .order_by(_IN_FORCE.desc().nulls_last(), _R.released_at.is_(None), _R.number.desc())
    .limit(1)
    .correlate(Bom)
    .scalar_subquery()
)
_SUMMARY = (
    select(
        Bom.id,
        Bom.product_id,
        Item.code.label("product_code"),
        Item.name.label("product_name"),
        Bom.bom_type,
        Bom.retired_at.is_(None).label("is_active"),
        _R.id.label("revision_id"),
        _R.revision,
        _R.number.label("revision_number"),
        _STATUS.label("status"),
        _R.qty_output,
        _R.supports_multi_material,
        _R.default_variant_selection,
        _R.revision_reason,
        _R.content_hash,
        _R.effective_from,
        _R.effective_to,
        Bom.version,
        Bom.created_at,
        Bom.updated_at,
    )
    .join(Item, Item.id == Bom.product_id)
    .join(BomRevision, BomRevision.id == _SHOWN)
)
_LINES = (
    select(
        BomLine.id,
        BomLine.revision_id,
        BomLine.position,
        BomLine.component_id,
        Item.code.label("component_code"),
        Item.name.label("component_name"),
        Unit.code.label("uom"),
        BomLine.qty_needed,
        BomLine.fixed_qty,
        BomLine.wastage_percent,
        BomLine.is_phantom,
        BomLine.operation,
        BomLine.selection_mode,
        exists().where(BomVariant.line_id == BomLine.id).label("has_variants"),
    )
    .join(Item, Item.id == BomLine.component_id)
    .join(Unit, Unit.id == Item.unit_id)
    .order_by(BomLine.revision_id, BomLine.position)
)
_LIVE = and_(
    _R.bom_id == bindparam("bom_id", type_=Uuid()),
    _R.released_at.is_not(None),
    _R.effective_to.is_(None) | (_R.effective_to > _AT),
)
LIVE_PARTS = select(
    union(
        select(BomLine.component_id.label("item_id"))
        .join(BomRevision, BomRevision.id == BomLine.revision_id)
        .where(_LIVE),
        select(BomVariant.material_id)
        .join(BomRevision, BomRevision.id == BomVariant.revision_id)
        .where(_LIVE),
    )
    .subquery()
    .c.item_id
)


def one(tx: ReadTx, bom_id: UUID) -> BomRead:
    """Raises `BomNotFound`."""
    row = tx.one(_SUMMARY.where(Bom.id == bom_id), BomNotFound, {"at": tx.now})
    lines = lines_of(tx, [row.revision_id])
    return BomRead(**row._asdict(), lines=lines.get(row.revision_id, []))


def many(tx: ReadTx, wanted: BomFilter) -> Page[BomSummary]:
    found = _SUMMARY
    if wanted.product_id is not None:
        found = found.where(Bom.product_id == wanted.product_id)
    if wanted.bom_type is not None:
        found = found.where(Bom.bom_type == wanted.bom_type)
    if wanted.active_only:
        found = found.where(Bom.retired_at.is_(None))
    keys = {"created_at": Bom.created_at, "id": Bom.id}
    return page(
        tx, found, wanted, BomSummary.model_validate, keys=keys, default="created_at", values={"at": tx.now}
    )


def revisions(tx: ReadTx, bom_id: UUID) -> list[RevisionRead]:
    """All of them, the newest first. Raises `BomNotFound`."""
    tx.one(select(Bom.id).where(Bom.id == bom_id), BomNotFound)
    found = select(*_R, _STATUS.label("status")).where(_R.bom_id == bom_id).order_by(_R.number.desc())
    rows = tx.all(found, {"at": tx.now})
    lines = lines_of(tx, [row.id for row in rows])
    return [RevisionRead(**row._asdict(), lines=lines.get(row.id, [])) for row in rows]


def lines_of(tx: ReadTx, revision_ids: Sequence[UUID]) -> dict[UUID, list[BomLineRead]]:
    found: dict[UUID, list[BomLineRead]] = {}
    for row in tx.all(_LINES.where(BomLine.revision_id.in_(revision_ids))):
        found.setdefault(row.revision_id, []).append(BomLineRead.model_validate(row))
    return found


def in_force(tx: ReadTx, bom_id: UUID, at: datetime) -> AnyRow:
    """The revision in force at an instant, with its product. Raises `BomNotFound`, `RevisionNotFound`."""
    header = tx.one(select(Bom.product_id).where(Bom.id == bom_id), BomNotFound)
    found = select(*_R, literal(header.product_id, Uuid()).label("product_id"))
    return tx.one(found.where(_R.bom_id == bom_id, _IN_FORCE), RevisionNotFound, {"at": at})


def revision(tx: ReadTx, bom_id: UUID, revision_id: UUID) -> AnyRow:
    """Raises `RevisionNotFound`."""
    found = select(*_R, Bom.product_id).join(Bom, Bom.id == BomRevision.bom_id)
    return tx.one(found.where(_R.bom_id == bom_id, _R.id == revision_id), RevisionNotFound)


def hashes_in_force(tx: ReadTx, item_ids: set[UUID]) -> dict[UUID, str]:
    """The content hash of what each item is made by now: its manufacturing bill of materials, else its kit."""
    manufacturing = case((Bom.bom_type == BomType.MANUFACTURING, _R.content_hash))
    found = (
        select(Bom.product_id, func.max(manufacturing).label("made"), func.max(_R.content_hash).label("kit"))
        .join(BomRevision, BomRevision.bom_id == Bom.id)
        .where(Bom.product_id.in_(item_ids), _IN_FORCE)
        .group_by(Bom.product_id)
    )
    return {row.product_id: row.made or row.kit for row in tx.all(found, {"at": tx.now})}


def hashed_line(line: Line, below: dict[UUID, str]) -> dict[str, Any]:
    """What of a line counts for the content hash."""
    return audit_line(line) | {
        "below": below.get(line.component_id),
        "variants": [
            {
                "material_id": one.material_id,
                "type": one.variant_type,
                "sequence": one.sequence,
                "qty_override": one.qty_override,
                "weight": one.weight,
                "below": below.get(one.material_id),
            }
            for one in line.variants
        ],
    }


def audit_line(line: Line) -> dict[str, Any]:
    """A line in events."""
    return {
        "position": line.position,
        "component_id": str(line.component_id),
        "qty_needed": plain(line.qty_needed),
        "fixed_qty": plain(line.fixed_qty),
        "wastage_percent": plain(line.wastage_percent),
        "is_phantom": line.is_phantom,
        "operation": line.operation,
        "selection_mode": line.selection_mode,
    }
