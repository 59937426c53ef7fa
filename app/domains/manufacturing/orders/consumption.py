"""Components leave stock: as much as the output so far means, never twice, however it was reported.

What a component's target is follows from totals (units made and lost so far), and only the difference to what was
issued before is taken. So reports in any number of parts consume the same as one. What is not in stock is not
taken: it stays missing on the task, and stock never goes below zero.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, Numeric, TextClause, Uuid, bindparam, text

from app.domains.manufacturing.orders import materials, queries
from app.domains.manufacturing.orders.models import ProductionIssue
from app.domains.manufacturing.orders.quantities import ZERO, countable, required
from app.domains.manufacturing.orders.words import Consumption
from app.kernel.db.bulk import insert_rows
from app.kernel.ids import new_id
from app.kernel.tx import AnyRow, WriteTx

_COLUMNS = ("tenant_id", "id", "order_id", "component_id", "lot_id", "quantity", "at")
_COUNT: TextClause = text(
    "UPDATE production_component c SET qty_issued = c.qty_issued + k.quantity"
    " FROM (SELECT id, sum(quantity) AS quantity FROM unnest(:ids, :quantities) AS u (id, quantity) GROUP BY id) k"
    " WHERE c.id = k.id"
).bindparams(bindparam("ids", type_=ARRAY(Uuid())), bindparam("quantities", type_=ARRAY(Numeric())))

_SETTLE: TextClause = text(
    "UPDATE production_component c"
    " SET qty_required = CASE WHEN c.is_whole THEN floor(c.qty_fixed + c.qty_per_unit * k.units)"
    " ELSE trim_scale(ceil((c.qty_fixed + c.qty_per_unit * k.units) * 1000000000) / 1000000000) END"
    " FROM unnest(:ids, :units) AS k (id, units) WHERE c.tenant_id = :tenant AND c.order_id = k.id"
).bindparams(bindparam("ids", type_=ARRAY(Uuid())), bindparam("units", type_=ARRAY(Numeric())))

Wanted = Callable[[AnyRow], Decimal]


@dataclass(frozen=True, slots=True)
class Ask:
    """So much of a component for its task. `lot_id`: of this lot and no other."""

    component: AnyRow
    quantity: Decimal
    lot_id: UUID | None = None


def of_operation(tx: WriteTx, task: AnyRow, code: str, units: Decimal) -> None:
    """What `units` that left this operation, good or not, have used up of the components that belong to it."""
    up_to(
        tx,
        [task],
        lambda row: _target(row, units) if _flows(row) and row.operation_code == code else ZERO,
    )


def of_output(tx: WriteTx, tasks: Sequence[AnyRow], units: dict[UUID, Decimal]) -> None:
    """What each task's output so far, scrap included, has used up in all."""
    up_to(
        tx,
        tasks,
        lambda row: _target(row, units[row.order_id]) if _flows(row) else ZERO,
    )


def of_lots(tx: WriteTx, task: AnyRow, lots: Mapping[UUID, Decimal]) -> None:
    """Lots and serial numbers that are known to be built in, unless they were issued before."""
    rows = tx.execute(queries.needs([task.id])).all()
    by_item = {row.item_id: row for row in reversed(rows)}
    there = {row.lot_id: row.left for row in tx.execute(queries.loose(task.id, list(lots)))}
    asks = [
        Ask(by_item[row.item_id], lacking, row.id)
        for row in tx.execute(queries.lots(list(lots)))
        if row.item_id in by_item and (lacking := lots[row.id] - there.get(row.id, ZERO)) > 0
    ]
    take(tx, asks)


def up_to(tx: WriteTx, tasks: Sequence[AnyRow], wanted: Wanted) -> None:
    """Take from stock until each component's `qty_issued` is what is wanted of it, as far as there is stock."""
    rows = tx.execute(queries.needs([task.id for task in tasks])).all()
    asks = [Ask(row, lacking) for row in rows if (lacking := wanted(row) - row.qty_issued) > 0]
    take(tx, asks)


def settle(tx: WriteTx, units: Mapping[UUID, Decimal]) -> None:
    """These tasks are over: what they needed is what their actual output meant, no longer what was planned."""
    tx.execute(_SETTLE, {"tenant": tx.tenant_id, "ids": list(units), "units": list(units.values())})


def take(tx: WriteTx, asks: Sequence[Ask]) -> Decimal:
    """Issue what is reserved, and what is free besides; answers how much was issued in all."""
    if not asks:
        return ZERO
    taken = materials.take(tx, asks)
    insert_rows(
        tx.conn,
        ProductionIssue.__table__,  # type: ignore[arg-type]
        _COLUMNS,
        (
            (tx.tenant_id, new_id(), one.order_id, one.component_id, one.lot_id, one.quantity, tx.now)
            for one in taken
        ),
    )
    if taken:
        tx.execute(
            _COUNT,
            {"ids": [one.component_id for one in taken], "quantities": [one.quantity for one in taken]},
        )
    return sum((one.quantity for one in taken), ZERO)


def _target(row: AnyRow, units: Decimal) -> Decimal:
    """Of what comes in whole units, what a part of the output means is rounded down: nothing is used in halves."""
    return countable(required(row.qty_fixed, row.qty_per_unit, units), whole=row.is_whole, up=False)


def _flows(row: AnyRow) -> bool:
    return bool(row.consumption == Consumption.BACKFLUSH)
