"""A revision's lines and variants on their way into the database: checked, numbered, hashed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.domains.manufacturing.bom.errors import (
    MaterialTwice,
    UnitMismatch,
    WeightsTooHigh,
)
from app.domains.manufacturing.bom.models import BomLine, BomVariant
from app.domains.manufacturing.bom.schemas import LineInput
from app.domains.manufacturing.items.errors import ItemNotFound
from app.domains.manufacturing.items.models import Item
from app.domains.manufacturing.units.models import Unit
from app.kernel.db.bulk import insert_rows
from app.kernel.ids import new_id
from app.kernel.problem import invalid
from app.kernel.tx import AnyRow, ReadTx, WriteTx

_LARGEST = Decimal(10) ** 9


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant as it will be stored; `origin_id` stays through all revisions."""

    origin_id: UUID
    material_id: UUID
    variant_type: str
    sequence: int
    qty_override: Decimal | None
    weight: Decimal | None


@dataclass(frozen=True, slots=True)
class Line:
    origin_id: UUID
    position: int
    component_id: UUID
    qty_needed: Decimal
    fixed_qty: Decimal
    wastage_percent: Decimal
    is_phantom: bool
    operation: str | None
    selection_mode: str | None
    variants: tuple[Variant, ...] = field(default=())

    @property
    def primary(self) -> Variant | None:
        return next((one for one in self.variants if one.variant_type == "PRIMARY"), None)

    def items(self) -> set[UUID]:
        return {self.component_id, *(one.material_id for one in self.variants)}


def numbered(given: Sequence[LineInput]) -> list[Line]:
    """Positions are counted on from the highest one before. Raises `ValidationFailed` for a position twice."""
    lines: list[Line] = []
    seen: set[int] = set()
    for index, one in enumerate(given):
        position = one.position or max(seen, default=0) + 1
        if position in seen:
            raise invalid(f"lines/{index}/position", "position_twice", f"Position {position} is taken.")
        seen.add(position)
        lines.append(
            Line(
                origin_id=new_id(),
                position=position,
                component_id=one.component_id,
                qty_needed=one.qty_needed,
                fixed_qty=one.fixed_qty,
                wastage_percent=one.wastage_percent,
                is_phantom=one.is_phantom,
                operation=one.operation,
                selection_mode=one.selection_mode,
            )
        )
    return lines


def stored(tx: ReadTx, revision_id: UUID) -> list[Line]:
    """A revision's lines as they stand, for the next one."""
    variants: dict[UUID, list[Variant]] = {}
    columns = BomVariant.__table__.c
    found = select(*columns).where(columns.revision_id == revision_id).order_by(columns.sequence, columns.id)
    for row in tx.all(found):
        one = Variant(
            row.origin_id, row.material_id, row.variant_type, row.sequence, row.qty_override, row.weight
        )
        variants.setdefault(row.line_id, []).append(one)
    table = BomLine.__table__.c
    rows = tx.all(select(*table).where(table.revision_id == revision_id).order_by(table.position))
    return [
        Line(
            row.origin_id,
            row.position,
            row.component_id,
            row.qty_needed,
            row.fixed_qty,
            row.wastage_percent,
            row.is_phantom,
            row.operation,
            row.selection_mode,
            tuple(variants.get(row.id, ())),
        )
        for row in rows
    ]


Items = Mapping[UUID, AnyRow]
_ITEMS = select(Item.id, Item.code, Item.name, Unit.dimension, Unit.numerator, Unit.denominator).join(
    Unit, Unit.id == Item.unit_id
)


def items_of(tx: ReadTx, wanted: Iterable[UUID]) -> Items:
    """The items with their units. Raises `ItemNotFound` when one is missing."""
    ids = set(wanted)
    found = {row.id: row for row in tx.all(_ITEMS.where(Item.id.in_(ids)))}
    if len(found) != len(ids):
        raise ItemNotFound("There is no such item.")
    return found


def factor(items: Items, line: Line, variant: Variant) -> Fraction:
    """How much of the variant's material one unit of the component is. Raises `UnitMismatch`."""
    if variant.qty_override is not None:
        return Fraction(variant.qty_override) / Fraction(line.qty_needed)
    ours, other = items[line.component_id], items[variant.material_id]
    if ours.dimension != other.dimension:
        raise UnitMismatch(f"{other.code} is measured in {other.dimension}, {ours.code} in {ours.dimension}.")
    return Fraction(ours.numerator, ours.denominator) / Fraction(other.numerator, other.denominator)


def check_variants(items: Items, lines: Iterable[Line]) -> None:
    """Raises `WeightsTooHigh`, `MaterialTwice`, `UnitMismatch` even for overridden quantities."""
    for line in lines:
        if sum(one.weight or 0 for one in line.variants) > 100:
            raise WeightsTooHigh("The weights of a line's variants add up to more than 100 %.")
        if len({one.material_id for one in line.variants}) != len(line.variants):
            raise MaterialTwice("The line has this material already.")
        for one in line.variants:
            factor(items, line, replace(one, qty_override=None))


def scaled(quantity: Decimal, by: Fraction) -> Decimal:
    """Nine decimals, half up. Raises `ValidationFailed` when it can't be stored."""
    exact = Fraction(quantity) * by
    nano = (2 * exact.numerator * 10**9 + exact.denominator) // (2 * exact.denominator)
    found = Decimal(nano).scaleb(-9)
    if not 0 <= found < _LARGEST or (quantity and not found):
        raise invalid("qty_override", "out_of_range", "The converted quantity can't be stored.")
    return found


_LINE = (
    "tenant_id",
    "id",
    "revision_id",
    "origin_id",
    "position",
    "component_id",
    "qty_needed",
    "fixed_qty",
    "wastage_percent",
    "is_phantom",
    "operation",
    "selection_mode",
    "used_item_id",
    "used_quantity",
    "used_fixed",
)
_VARIANT = (
    "tenant_id",
    "id",
    "revision_id",
    "line_id",
    "origin_id",
    "material_id",
    "variant_type",
    "sequence",
    "qty_override",
    "weight",
    "quantity",
)


def insert(tx: WriteTx, written: Iterable[tuple[UUID, Sequence[Line]]], items: Items) -> None:
    """Store the lines of revisions, each given with the revision's id."""
    tx.flush_if_any()
    lines: list[tuple[Any, ...]] = []
    variants: list[tuple[Any, ...]] = []
    for revision_id, those in written:
        for line in those:
            line_id = new_id()
            lines.append(_line_row(tx.tenant_id, revision_id, line_id, line, items))
            for one in line.variants:
                quantity = scaled(line.qty_needed, factor(items, line, one))
                row = (tx.tenant_id, new_id(), revision_id, line_id, one.origin_id, one.material_id)
                rest = (one.variant_type, one.sequence, one.qty_override, one.weight, quantity)
                variants.append(row + rest)
    insert_rows(tx.conn, BomLine.__table__, _LINE, lines)  # type: ignore[arg-type]
    insert_rows(tx.conn, BomVariant.__table__, _VARIANT, variants)  # type: ignore[arg-type]


def _line_row(tenant_id: UUID, revision_id: UUID, line_id: UUID, line: Line, items: Items) -> tuple[Any, ...]:
    used = line.primary
    by = factor(items, line, used) if used else Fraction(1)
    return (
        tenant_id,
        line_id,
        revision_id,
        line.origin_id,
        line.position,
        line.component_id,
        line.qty_needed,
        line.fixed_qty,
        line.wastage_percent,
        line.is_phantom,
        line.operation,
        line.selection_mode,
        used.material_id if used else line.component_id,
        scaled(line.qty_needed, by),
        scaled(line.fixed_qty, by),
    )
