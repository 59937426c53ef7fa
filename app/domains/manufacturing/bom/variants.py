"""Use cases of variants: each change of one makes the next released revision of its bill of materials."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from app.domains.manufacturing.bom import events, reads, service
from app.domains.manufacturing.bom.errors import (
    BomNotFound,
    LineNotFound,
    NothingToChoose,
    PrimaryTwice,
    VariantNotFound,
)
from app.domains.manufacturing.bom.lines import Line, Variant, factor, items_of, stored
from app.domains.manufacturing.bom.models import Bom, BomLine, BomRevision, BomSelection, BomVariant
from app.domains.manufacturing.bom.schemas import (
    SelectionCreate,
    SelectionRead,
    VariantCreate,
    VariantRead,
    VariantUpdate,
)
from app.domains.manufacturing.bom.shares import Material, NoMaterialError, choose
from app.domains.manufacturing.bom.words import SelectionMode, VariantType, plain
from app.domains.manufacturing.graph.rounding import micros, text_of
from app.domains.manufacturing.items.models import Item
from app.domains.manufacturing.stock.models import StockBalance
from app.domains.manufacturing.units.models import Unit
from app.kernel.events.envelope import ref
from app.kernel.ids import new_id
from app.kernel.problem import invalid
from app.kernel.tx import AnyRow, ReadTx, WriteTx

_READ = (
    select(
        BomVariant.id,
        BomVariant.revision_id,
        BomVariant.line_id,
        BomVariant.origin_id,
        BomVariant.material_id,
        Item.code.label("material_code"),
        Item.name.label("material_name"),
        Unit.code.label("uom"),
        BomVariant.variant_type,
        BomVariant.sequence,
        BomVariant.qty_override,
        BomVariant.weight,
        BomVariant.quantity,
    )
    .join(Item, Item.id == BomVariant.material_id)
    .join(Unit, Unit.id == Item.unit_id)
    .order_by(BomVariant.line_id, BomVariant.sequence, BomVariant.id)
)


def many(tx: ReadTx, bom_id: UUID, line_id: UUID | None) -> list[VariantRead]:
    """Of the revision that stands for the header. Raises `BomNotFound`."""
    shown = reads.one(tx, bom_id)
    found = _READ.where(BomVariant.revision_id == shown.revision_id)
    if line_id is not None:
        origin = tx.scalar(select(BomLine.origin_id).where(BomLine.id == line_id))
        found = found.join(BomLine, BomLine.id == BomVariant.line_id).where(BomLine.origin_id == origin)
    return [VariantRead(**row._asdict(), bom_id=bom_id) for row in tx.all(found)]


def add(tx: WriteTx, bom_id: UUID, data: VariantCreate) -> VariantRead:
    """Raises `LineNotFound`, `ItemNotFound`, `MaterialTwice`, `PrimaryTwice`, `WeightsTooHigh`, `UnitMismatch`."""
    service.lock(tx, bom_id)
    origin = _line_origin(tx, bom_id, data.line_id)
    made = new_id()

    def extended(line: Line) -> Line:
        given = data.model_dump(exclude={"line_id", "sequence"})
        highest = max((one.sequence for one in line.variants), default=0)
        one = Variant(origin_id=made, sequence=data.sequence or highest + 1, **given)
        return replace(line, variants=(*line.variants, one))

    revision_id = _next(tx, bom_id, origin, extended, "Variant added")
    return _one(tx, bom_id, revision_id, made)


def change(tx: WriteTx, bom_id: UUID, variant_id: UUID, data: VariantUpdate) -> VariantRead:
    """What is left out stays; an explicit null clears `qty_override` and `weight`. Raises as `add`."""
    service.lock(tx, bom_id)
    known = _variant(tx, bom_id, variant_id)
    given = {
        name: value
        for name, value in data.model_dump(exclude_unset=True).items()
        if value is not None or name in {"qty_override", "weight"}
    }

    def changed(line: Line) -> Line:
        those = (replace(one, **given) if one.origin_id == known.origin_id else one for one in line.variants)
        return replace(line, variants=tuple(those))

    revision_id = _next(tx, bom_id, known.line_origin, changed, "Variant changed")
    return _one(tx, bom_id, revision_id, known.origin_id)


def remove(tx: WriteTx, bom_id: UUID, variant_id: UUID) -> UUID:
    """Returns the new revision's id. Raises `VariantNotFound`."""
    service.lock(tx, bom_id)
    known = _variant(tx, bom_id, variant_id)

    def shortened(line: Line) -> Line:
        return replace(line, variants=tuple(o for o in line.variants if o.origin_id != known.origin_id))

    return _next(tx, bom_id, known.line_origin, shortened, "Variant removed")


def _next(tx: WriteTx, bom_id: UUID, origin: UUID, change_line: Callable[[Line], Line], reason: str) -> UUID:
    """The next revision with one line changed; released, unless the latest is a draft nothing was released before."""
    bom = tx.get(select(Bom).where(Bom.id == bom_id), BomNotFound)
    before = service.latest(tx, bom_id)
    lines = stored(tx, before.id)
    if all(line.origin_id != origin for line in lines):
        raise LineNotFound("The current revision has no such line.")
    lines = [change_line(line) if line.origin_id == origin else line for line in lines]
    for line in lines:
        _refuse_two_primaries(line)
    revision = service.following(tx, before, label=None, reason=reason)
    service.write(tx, bom, revision, lines)
    if before.released_at is not None:
        service.publish(tx, bom, revision, lines, None)
    service.touch(tx, bom)
    return revision.id


def _refuse_two_primaries(line: Line) -> None:
    if sum(one.variant_type == VariantType.PRIMARY for one in line.variants) > 1:
        raise PrimaryTwice("The line has a primary variant already.")


def _line_origin(tx: ReadTx, bom_id: UUID, line_id: UUID) -> UUID:
    found = select(BomLine.origin_id).join(BomRevision, BomRevision.id == BomLine.revision_id)
    row = tx.one(
        found.where(BomLine.id == line_id, BomRevision.bom_id == bom_id),
        LineNotFound("The current revision has no such line."),
    )
    origin: UUID = row.origin_id
    return origin


def _variant(tx: ReadTx, bom_id: UUID, variant_id: UUID) -> AnyRow:
    """A variant's id from any revision names the same one in the BomRevision."""
    found = (
        select(BomVariant.origin_id, BomLine.origin_id.label("line_origin"))
        .join(BomLine, BomLine.id == BomVariant.line_id)
        .join(BomRevision, BomRevision.id == BomVariant.revision_id)
        .where(BomVariant.id == variant_id, BomRevision.bom_id == bom_id)
    )
    row = tx.one(found, VariantNotFound)
    newest = select(func.max(BomRevision.number)).where(BomRevision.bom_id == bom_id).scalar_subquery()
    alive = (
        select(BomVariant.id)
        .join(BomRevision, BomRevision.id == BomVariant.revision_id)
        .where(
            BomRevision.bom_id == bom_id, BomRevision.number == newest, BomVariant.origin_id == row.origin_id
        )
    )
    tx.one(alive, VariantNotFound)
    return row


def _one(tx: ReadTx, bom_id: UUID, revision_id: UUID, origin_id: UUID) -> VariantRead:
    found = _READ.where(BomVariant.revision_id == revision_id, BomVariant.origin_id == origin_id)
    row = tx.one(found, VariantNotFound)
    return VariantRead(**row._asdict(), bom_id=bom_id)


def select_material(tx: WriteTx, bom_id: UUID, data: SelectionCreate) -> SelectionRead:
    """Choose for a line in force, and keep the decision. Raises `LineNotFound`, `NothingToChoose`."""
    revision = reads.in_force(tx, bom_id, tx.now)
    origin = _line_origin(tx, bom_id, data.line_id)
    line = next((one for one in stored(tx, revision.id) if one.origin_id == origin), None)
    if line is None:
        raise LineNotFound("The current revision has no such line.")
    if data.step > data.quantity:
        raise invalid("step", "too_large", "The step is larger than the quantity.")
    mode = data.mode or SelectionMode(line.selection_mode or revision.default_variant_selection)
    materials = _materials(tx, line)
    try:
        shares, reason = choose(mode, data.quantity, data.step, materials)
    except NoMaterialError as error:
        raise NothingToChoose(str(error)) from error
    line_id = tx.one(
        select(BomLine.id).where(BomLine.revision_id == revision.id, BomLine.origin_id == origin),
        LineNotFound,
    ).id
    row = tx.add(
        BomSelection(
            bom_id=bom_id,
            line_id=line_id,
            mode=mode,
            demand_ref=data.demand_ref,
            inputs=inputs(data.quantity, data.step, materials),
            shares=[
                {
                    "material_id": one.item_id,
                    "stands_for": plain(one.base),
                    "quantity": text_of(micros(one.quantity)),
                }
                for one in shares
            ],
            reason=reason,
            created_by=tx.actor,
            created_at=tx.now,
        )
    )
    tx.emit(
        events.MaterialChosen(bom_id=bom_id, line_id=line_id, selection_id=row.id, mode=mode),
        subject=ref("bom", bom_id),
        after={"shares": row.shares, "reason": reason},
    )
    return SelectionRead.model_validate(row)


def inputs(quantity: Decimal, step: Decimal, materials: list[Material]) -> dict[str, Any]:
    """What a choice was made from, as it is stored."""
    return {
        "quantity": plain(quantity),
        "step": plain(step),
        "materials": [
            {
                "item_id": one.item_id,
                "variant_type": one.variant_type.value,
                "sequence": one.sequence,
                "factor": str(one.factor),
                "weight": None if one.weight is None else str(one.weight),
                "available": plain(one.available),
                "unit_cost": None if one.unit_cost is None else plain(one.unit_cost),
            }
            for one in materials
        ],
    }


def replay(mode: SelectionMode, stored_inputs: dict[str, Any]) -> list[dict[str, str]]:
    """The shares again, from what is stored alone."""
    materials = [
        Material(
            item_id=one["item_id"],
            variant_type=VariantType(one["variant_type"]),
            sequence=one["sequence"],
            factor=Fraction(one["factor"]),
            weight=None if one["weight"] is None else Fraction(one["weight"]),
            available=Decimal(one["available"]),
            unit_cost=None if one["unit_cost"] is None else Decimal(one["unit_cost"]),
        )
        for one in stored_inputs["materials"]
    ]
    shares, _ = choose(mode, Decimal(stored_inputs["quantity"]), Decimal(stored_inputs["step"]), materials)
    return [
        {
            "material_id": one.item_id,
            "stands_for": plain(one.base),
            "quantity": text_of(micros(one.quantity)),
        }
        for one in shares
    ]


def _materials(tx: ReadTx, line: Line) -> list[Material]:
    """The line's variants, and its component unless a variant names it; that one leads unless one is PRIMARY."""
    known = items_of(tx, line.items())
    table = StockBalance.__table__.c
    stock = select(table.item_id, func.sum(table.on_hand - table.reserved).label("free")).group_by(
        table.item_id
    )
    free = {row.item_id: row.free for row in tx.all(stock.where(table.item_id.in_(line.items())))}
    costs_of = select(Item.id, Item.standard_cost).where(Item.id.in_(line.items()))
    costs = {row.id: row.standard_cost for row in tx.all(costs_of)}

    def material(
        item: UUID, kind: VariantType, sequence: int, by: Fraction, weight: Decimal | None
    ) -> Material:
        return Material(
            item_id=str(item),
            variant_type=kind,
            sequence=sequence,
            factor=by,
            weight=None if weight is None else Fraction(weight),
            available=free.get(item, Decimal(0)),
            unit_cost=costs[item],
        )

    found = [
        material(
            one.material_id, VariantType(one.variant_type), one.sequence, factor(known, line, one), one.weight
        )
        for one in line.variants
    ]
    if all(one.material_id != line.component_id for one in line.variants):
        kind = VariantType.ALTERNATIVE if line.primary else VariantType.PRIMARY
        found.append(material(line.component_id, kind, 0, Fraction(1), None))
    return found


def selections(tx: ReadTx, bom_id: UUID) -> list[SelectionRead]:
    """Decisions, the newest first, at most 1,000. Raises `BomNotFound`."""
    tx.one(select(Bom.id).where(Bom.id == bom_id), BomNotFound)
    table = BomSelection.__table__.c
    found = select(*table).where(table.bom_id == bom_id).order_by(table.id.desc()).limit(1000)
    return [SelectionRead.model_validate(row) for row in tx.all(found)]
