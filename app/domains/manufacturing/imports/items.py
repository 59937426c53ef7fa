"""Importing items: what would change, and changing it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from app.domains.manufacturing.imports.files import NumberedRow
from app.domains.manufacturing.imports.plan import Checked, Plan, checked, refuse_twice
from app.domains.manufacturing.imports.schemas import ItemRow
from app.domains.manufacturing.items import service
from app.domains.manufacturing.items.events import ItemCreated
from app.domains.manufacturing.items.models import Item
from app.domains.manufacturing.items.schemas import ItemPatch
from app.domains.manufacturing.quantities import plain
from app.domains.manufacturing.units import service as units
from app.domains.manufacturing.units.models import Unit
from app.kernel.events.envelope import ref
from app.kernel.problem import Conflict, ValidationFailed
from app.kernel.tx import AnyRow, WriteTx

_FIELDS = ("name", "item_type", "tracking", "lead_time_days", "standard_cost")


def work(tx: WriteTx, rows: Sequence[NumberedRow], *, apply: bool) -> Plan:
    """Plan, or plan and carry out when nothing is wrong."""
    plan = Plan()
    good = refuse_twice(plan, checked(plan, ItemRow, rows))
    unit_of = _units(tx, plan, good)
    known = _existing(tx, good)
    new: list[Checked[ItemRow]] = []
    changed: list[tuple[Checked[ItemRow], AnyRow, dict[str, list[Any]]]] = []
    for row in good:
        unit = unit_of.get(row.data.uom)
        if unit is None:
            continue
        there = known.get(row.data.code)
        if there is None:
            new.append(row)
            plan.change("CREATE", row.data.code, row.number, _difference(None, row.data))
            continue
        if unit.id != there.unit_id:
            plan.fail(row.number, "uom", "item_in_use", f"{row.data.code} is measured in {there.uom}.")
            continue
        fields = _difference(there, row.data)
        if fields:
            changed.append((row, there, fields))
            plan.change("UPDATE", row.data.code, row.number, fields)
        else:
            plan.unchanged += 1
    if apply and not plan.errors:
        _create(tx, new, unit_of)
        for row, there, fields in changed:
            _change(tx, plan, row, there, fields)
    return plan


def _units(tx: WriteTx, plan: Plan, rows: Sequence[Checked[ItemRow]]) -> dict[str, units.KnownUnit]:
    found: dict[str, units.KnownUnit] = {}
    for code in dict.fromkeys(row.data.uom for row in rows):
        try:
            (found[code],) = units.find(tx, code)
        except ValidationFailed as error:
            for row in rows:
                if row.data.uom == code:
                    plan.fail(row.number, "uom", "unknown_unit", error.detail)
    return found


def _existing(tx: WriteTx, rows: Sequence[Checked[ItemRow]]) -> dict[str, AnyRow]:
    columns = [Item.id, Item.code, Item.unit_id, Unit.code.label("uom"), *(getattr(Item, n) for n in _FIELDS)]
    found = select(*columns).join(Unit, Unit.id == Item.unit_id)
    wanted = {row.data.code for row in rows}
    return {row.code: row for row in tx.all(found.where(Item.code.in_(wanted)))}


def _difference(there: AnyRow | None, data: ItemRow) -> dict[str, list[Any]]:
    fields: dict[str, list[Any]] = {}
    for name in _FIELDS:
        after = getattr(data, name)
        before = None if there is None else getattr(there, name)
        if after is not None and after != before:
            fields[name] = [_json(before), _json(after)]
    return fields


def _json(value: Any) -> Any:
    return plain(value) if isinstance(value, Decimal) else value


def _create(tx: WriteTx, rows: Sequence[Checked[ItemRow]], unit_of: dict[str, units.KnownUnit]) -> None:
    made = [
        Item(
            tenant_id=tx.tenant_id,
            **row.data.model_dump(exclude={"uom"}, exclude_none=True),
            unit_id=unit_of[row.data.uom].id,
            created_at=tx.now,
            updated_at=tx.now,
        )
        for row in rows
    ]
    tx.session.add_all(made)
    tx.flush()
    for row, item in zip(rows, made, strict=True):
        tx.emit(
            ItemCreated(item_id=item.id, code=item.code, item_type=item.item_type),
            subject=ref("item", item.id),
            after=row.data.model_dump(mode="json"),
        )


def _change(
    tx: WriteTx, plan: Plan, row: Checked[ItemRow], there: AnyRow, fields: dict[str, list[Any]]
) -> None:
    given = {name: getattr(row.data, name) for name in fields}
    try:
        service.change(tx, there.id, ItemPatch(**given))
    except (Conflict, ValidationFailed) as error:
        plan.fail(row.number, None, error.code, error.detail)
