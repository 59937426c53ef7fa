"""Finished goods: their lots and serial numbers, their way into stock, and what each is made of.

What was issued and is in no output yet is built into the new ones, first issued first, unless the caller knows
better (`built_in`). What remains was lost: scrap, wastage, set-up.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ARRAY, Numeric, TextClause, Uuid, bindparam, func, select, text

from app.domains.manufacturing.items import service as items
from app.domains.manufacturing.items.models import Item
from app.domains.manufacturing.items.service import KnownItem
from app.domains.manufacturing.orders.errors import SerialTaken
from app.domains.manufacturing.orders.events import BuiltFromLine, UnitBuilt
from app.domains.manufacturing.orders.materials import demand
from app.domains.manufacturing.orders.models import (
    ProductionBuiltFrom,
    ProductionComponent,
    ProductionIssue,
    ProductionOutput,
)
from app.domains.manufacturing.orders.quantities import Need, Part, Taken, assign
from app.domains.manufacturing.orders.queries import KIND
from app.domains.manufacturing.orders.schemas import BuiltIn, OutputLine
from app.domains.manufacturing.stock.ledger.post import Move, post
from app.domains.manufacturing.stock.locations import service as locations
from app.domains.manufacturing.stock.models import Lot
from app.domains.manufacturing.words import LocationKind, MoveType, Tracking
from app.kernel.db.bulk import insert_rows
from app.kernel.events.envelope import ref
from app.kernel.ids import new_id
from app.kernel.problem import invalid
from app.kernel.tx import AnyRow, WriteTx

if TYPE_CHECKING:
    from app.domains.manufacturing.orders.completion import Receipt

_ASSIGN: TextClause = text(
    "UPDATE production_issue i SET qty_assigned = i.qty_assigned + k.quantity"
    " FROM (SELECT id, sum(quantity) AS quantity FROM unnest(:ids, :quantities) AS u (id, quantity) GROUP BY id) k"
    " WHERE i.tenant_id = :tenant AND i.id = k.id"
).bindparams(bindparam("ids", type_=ARRAY(Uuid())), bindparam("quantities", type_=ARRAY(Numeric())))
_OUTPUTS = ("tenant_id", "id", "order_id", "lot_id", "lot_code", "quantity", "at")
_PARTS = ("tenant_id", "id", "output_id", "item_id", "lot_id", "lot_code", "quantity")


@dataclass(frozen=True, slots=True)
class Unit:
    """One output on its way: a serial, a quantity of a lot, or a plain quantity."""

    id: UUID
    task: AnyRow
    lot_code: str | None
    quantity: Decimal
    built_in: Sequence[BuiltIn] = ()


def plan(tx: WriteTx, receipts: Sequence["Receipt"]) -> list[Unit]:
    """The units that these receipts are, before anything is consumed for them. 422 for outputs that don't add up."""
    products = items.get_many(tx, {receipt.task.product_id for receipt in receipts})
    made = _counts(tx, receipts)
    return [
        unit
        for receipt in receipts
        for unit in _units(receipt, products[receipt.task.product_id], made[receipt.task.id])
    ]


def put(tx: WriteTx, units: Sequence[Unit]) -> None:
    """Raises `SerialTaken`; 422 for outputs that name what was not issued."""
    products = items.get_many(tx, {unit.task.product_id for unit in units})
    lots = _lots(tx, units, products)
    _stock(tx, units, lots, products)
    insert_rows(
        tx.conn,
        ProductionOutput.__table__,  # type: ignore[arg-type]
        _OUTPUTS,
        ((tx.tenant_id, u.id, u.task.id, lots.get(_key(u)), u.lot_code, u.quantity, tx.now) for u in units),
    )
    parts = _build(tx, units)
    for unit in units:
        product = products[unit.task.product_id]
        if product.tracking == Tracking.SERIAL:
            _announce(tx, unit, product, lots, parts[unit.id])


def _units(receipt: "Receipt", product: KnownItem, made: int) -> list[Unit]:
    task = receipt.task
    if receipt.lines:
        return _named(receipt, product)
    name = task.batch_number or task.number
    if product.tracking == Tracking.SERIAL:
        count = int(receipt.quantity)
        if count != receipt.quantity:
            raise invalid("quantity", "not_whole", "Units with serial numbers are counted in whole numbers.")
        return [Unit(new_id(), task, f"{name}-{made + n:04}", Decimal(1)) for n in range(1, count + 1)]
    return [Unit(new_id(), task, name if product.tracking == Tracking.LOT else None, receipt.quantity)]


def _named(receipt: "Receipt", product: KnownItem) -> list[Unit]:
    lines: Sequence[OutputLine] = receipt.lines
    if sum(line.quantity for line in lines) != receipt.quantity:
        raise invalid("outputs", "sum", "The outputs must add up to the quantity.")
    for line in lines:
        if (product.tracking == Tracking.NONE) != (line.lot_code is None):
            raise invalid("outputs", "lot_code", f"The product is tracked by {product.tracking}.")
        if product.tracking == Tracking.SERIAL and line.quantity != 1:
            raise invalid("outputs", "serial", "A serial number is one unit.")
    codes = [line.lot_code for line in lines]
    if product.tracking == Tracking.SERIAL and len(set(codes)) < len(codes):
        raise invalid("outputs", "doubled", "A serial number is named twice.")
    return [Unit(new_id(), receipt.task, line.lot_code, line.quantity, line.built_in) for line in lines]


def _counts(tx: WriteTx, receipts: Sequence["Receipt"]) -> dict[UUID, int]:
    o = ProductionOutput
    ids = [receipt.task.id for receipt in receipts]
    rows = tx.all(
        select(o.order_id, func.count().label("made")).where(o.order_id.in_(ids)).group_by(o.order_id)
    )
    return dict.fromkeys(ids, 0) | {row.order_id: row.made for row in rows}


def _key(unit: Unit) -> tuple[UUID, str]:
    return unit.task.product_id, unit.lot_code or ""


def _lots(
    tx: WriteTx, units: Sequence[Unit], products: Mapping[UUID, KnownItem]
) -> dict[tuple[UUID, str], UUID]:
    wanted = {_key(unit): None for unit in units if unit.lot_code is not None}
    if not wanted:
        return {}
    found = locations.lots_by_code(tx, wanted, products, make=True)
    serials = [lot for key, lot in found.items() if products[key[0]].tracking == Tracking.SERIAL]
    used = tx.first(select(Lot.code).where(Lot.id.in_(serials), Lot.received_at.is_not(None)).limit(1))
    if used is not None:
        raise SerialTaken(f"The serial number {used.code} was received before.")
    return found


def _stock(
    tx: WriteTx,
    units: Sequence[Unit],
    lots: Mapping[tuple[UUID, str], UUID],
    products: Mapping[UUID, KnownItem],
) -> None:
    origin = locations.standard(tx, LocationKind.PRODUCTION)
    target = locations.standard(tx, LocationKind.INTERNAL)
    moves = [
        Move(
            MoveType.RECEIVE,
            unit.task.product_id,
            origin.id,
            target.id,
            unit.quantity,
            lot_id=lots.get(_key(unit)),
            unit_cost=products[unit.task.product_id].standard_cost,
            source_ref=demand(unit.task.id),
        )
        for unit in units
    ]
    post(tx, moves, items=products, places={origin.id: origin, target.id: target})


def _build(tx: WriteTx, units: Sequence[Unit]) -> dict[UUID, list[dict[str, Any]]]:
    """Write what is in each unit; the lines by unit, for its event."""
    by_task: defaultdict[UUID, list[Unit]] = defaultdict(list)
    for unit in units:
        by_task[unit.task.id].append(unit)
    loose, needs = _loose(tx, list(by_task)), _needs(tx, list(by_task))
    rows, lines, used = [], defaultdict(list), []
    for task_id, made in by_task.items():
        issued = loose.get(task_id, [])
        parts = _parts(
            made, [Taken(r.id, r.item_id, r.lot_id, r.left) for r in issued], needs.get(task_id, [])
        )
        for (number, item_id, lot_id), quantity in _added(parts).items():
            row = next(r for r in issued if r.item_id == item_id and r.lot_id == lot_id)
            rows.append((tx.tenant_id, new_id(), made[number].id, item_id, lot_id, row.lot_code, quantity))
            lines[made[number].id].append(
                {
                    "item_id": item_id,
                    "item_code": row.item_code,
                    "lot_id": lot_id,
                    "lot_code": row.lot_code,
                    "quantity": quantity,
                }
            )
        used += [(part.taken.id, part.taken.quantity) for part in parts]
    insert_rows(tx.conn, ProductionBuiltFrom.__table__, _PARTS, rows)  # type: ignore[arg-type]
    if used:
        bound = {"tenant": tx.tenant_id, "ids": [u[0] for u in used], "quantities": [u[1] for u in used]}
        tx.execute(_ASSIGN, bound)
    return {unit.id: lines[unit.id] for unit in units}


def _parts(made: Sequence[Unit], issued: Sequence[Taken], per_unit: Sequence[Need]) -> list[Part]:
    """What the caller says is in a unit goes into it first; the rest of its needs is filled in order."""
    left = list(issued)
    parts: list[Part] = []
    wants: list[list[Need]] = []
    for number, unit in enumerate(made):
        said: defaultdict[UUID, Decimal] = defaultdict(Decimal)
        for line in unit.built_in:
            for taken in _withdraw(left, line):
                parts.append(Part(number, taken))
                said[taken.item_id] += taken.quantity
        wants.append(
            [
                Need(need.item_id, rest)
                for need in per_unit
                if (rest := need.quantity * unit.quantity - said[need.item_id]) > 0
            ]
        )
    return parts + assign(wants, left)


def _withdraw(left: list[Taken], line: BuiltIn) -> list[Taken]:
    """Take so much of a lot out of what is left. 422 when it was not issued to the task, or is in another unit."""
    found, wanted = [], line.quantity
    for place, taken in enumerate(left):
        if taken.lot_id != line.lot_id or wanted == 0 or taken.quantity == 0:
            continue
        used = min(taken.quantity, wanted)
        found.append(Taken(taken.id, taken.item_id, taken.lot_id, used))
        left[place] = Taken(taken.id, taken.item_id, taken.lot_id, taken.quantity - used)
        wanted -= used
    if wanted:
        raise invalid(
            "outputs", "not_issued", f"Lot {line.lot_id} was not issued to this task in that quantity."
        )
    left[:] = [taken for taken in left if taken.quantity > 0]
    return found


def _added(parts: Sequence[Part]) -> dict[tuple[int, UUID, UUID | None], Decimal]:
    added: defaultdict[tuple[int, UUID, UUID | None], Decimal] = defaultdict(Decimal)
    for part in parts:
        added[part.output, part.taken.item_id, part.taken.lot_id] += part.taken.quantity
    return added


def _loose(tx: WriteTx, task_ids: Sequence[UUID]) -> dict[UUID, list[AnyRow]]:
    """What was issued to these tasks and is in no output yet, first issued first."""
    i, c = ProductionIssue, ProductionComponent
    item = Item
    rows = tx.all(
        select(
            i.id,
            i.order_id,
            c.item_id,
            item.code.label("item_code"),
            i.lot_id,
            Lot.code.label("lot_code"),
            (i.quantity - i.qty_assigned).label("left"),
        )
        .join(c, (c.tenant_id == i.tenant_id) & (c.id == i.component_id))
        .join(item, (item.tenant_id == c.tenant_id) & (item.id == c.item_id))
        .outerjoin(Lot, (Lot.tenant_id == i.tenant_id) & (Lot.id == i.lot_id))
        .where(i.order_id.in_(task_ids), i.quantity > i.qty_assigned)
        .order_by(i.order_id, i.id)
    )
    found: defaultdict[UUID, list[AnyRow]] = defaultdict(list)
    for row in rows:
        found[row.order_id].append(row)
    return found


def _needs(tx: WriteTx, task_ids: Sequence[UUID]) -> dict[UUID, list[Need]]:
    """What one unit of each task's product has in it, by item."""
    c = ProductionComponent
    rows = tx.all(
        select(c.order_id, c.item_id, func.sum(c.qty_per_unit).label("per_unit"))
        .where(c.order_id.in_(task_ids))
        .group_by(c.order_id, c.item_id)
        .order_by(c.order_id, func.min(c.position))
    )
    found: defaultdict[UUID, list[Need]] = defaultdict(list)
    for row in rows:
        found[row.order_id].append(Need(row.item_id, row.per_unit))
    return found


def _announce(
    tx: WriteTx,
    unit: Unit,
    product: KnownItem,
    lots: Mapping[tuple[UUID, str], UUID],
    parts: Sequence[dict[str, Any]],
) -> None:
    lot_id = lots[_key(unit)]
    tx.emit(
        UnitBuilt(
            task_id=unit.task.id,
            product_id=product.id,
            product_code=product.code,
            product_name=product.name,
            asset_type=product.asset_type,
            lot_id=lot_id,
            serial=unit.lot_code or "",
            built_from=[BuiltFromLine(**part) for part in parts],
        ),
        subject=ref("lot", lot_id),
        related=[
            ref(KIND, unit.task.id),
            ref("item", product.id),
            *(ref("lot", part["lot_id"]) for part in parts if part["lot_id"]),
        ],
    )
