"""Importing bills of materials, all of a file at once: one loop check, one release, whatever their number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.domains.manufacturing.bom import bulk
from app.domains.manufacturing.bom.lines import Line, numbered, stored
from app.domains.manufacturing.bom.models import Bom
from app.domains.manufacturing.bom.schemas import LineInput
from app.domains.manufacturing.bom.words import plain
from app.domains.manufacturing.graph import edit
from app.domains.manufacturing.imports.files import NumberedRow
from app.domains.manufacturing.imports.plan import Checked, Plan, checked
from app.domains.manufacturing.imports.schemas import BomRow
from app.domains.manufacturing.items.models import Item
from app.kernel.problem import Problem
from app.kernel.tx import WriteTx

Rows = Sequence[Checked[BomRow]]


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one product and type."""

    key: str
    rows: Rows
    product_id: UUID
    lines: list[Line]

    @property
    def output(self) -> Decimal:
        return self.rows[0].data.qty_output


def work(tx: WriteTx, rows: Sequence[NumberedRow], *, apply: bool) -> Plan:
    """Plan, or plan and carry out when nothing is wrong."""
    plan = Plan()
    good = checked(plan, BomRow, rows)
    ids = _items(tx, plan, good)
    edit.lock(tx)
    groups = [group for group in _groups(plan, good, ids) if group is not None]
    there = _present(tx, groups)
    wanted: list[bulk.Wanted] = []
    for group in groups:
        present = there.get((group.product_id, group.rows[0].data.bom_type))
        lines = _kept(group.lines, present.lines) if present else group.lines
        fields = _difference(present, lines, group.output)
        if present is not None and not fields:
            plan.unchanged += 1
            continue
        plan.change("UPDATE" if present else "CREATE", group.key, group.rows[0].number, fields)
        bom_type = group.rows[0].data.bom_type
        wanted.append(bulk.Wanted(group.product_id, bom_type, group.output, lines, present))
    _refuse_loops(tx, plan, groups, wanted)
    if apply and not plan.errors and wanted:
        bulk.release(tx, wanted)
    return plan


def _items(tx: WriteTx, plan: Plan, rows: Rows) -> dict[str, UUID]:
    codes = {code for row in rows for code in (row.data.product_code, row.data.component_code)}
    found = {row.code: row.id for row in tx.all(select(Item.id, Item.code).where(Item.code.in_(codes)))}
    for row in rows:
        for column in ("product_code", "component_code"):
            if getattr(row.data, column) not in found:
                plan.fail(
                    row.number, column, "unknown_item", f"There is no item {getattr(row.data, column)}."
                )
    return found


def _groups(plan: Plan, rows: Rows, ids: Mapping[str, UUID]) -> list[Group | None]:
    def key(row: Checked[BomRow]) -> tuple[str, str]:
        return row.data.product_code, row.data.bom_type

    return [
        _group(plan, f"{product} ({kind})", list(those), ids)
        for (product, kind), those in groupby(sorted(rows, key=key), key=key)
    ]


def _group(plan: Plan, key: str, rows: Rows, ids: Mapping[str, UUID]) -> Group | None:
    first = rows[0]
    for row in rows:
        if row.data.qty_output != first.data.qty_output:
            plan.fail(row.number, "qty_output", "differs", f"Row {first.number} has another qty_output.")
    if any(code not in ids for row in rows for code in (row.data.product_code, row.data.component_code)):
        return None
    columns = {"wastage_percent", "fixed_qty", "position", "is_phantom", "operation", "qty_needed"}
    given = [
        LineInput(component_id=ids[row.data.component_code], **row.data.model_dump(include=columns))
        for row in rows
    ]
    try:
        return Group(key, rows, ids[first.data.product_code], numbered(given))
    except Problem as error:
        plan.fail(first.number, "position", "position_twice", error.detail)
        return None


def _present(tx: WriteTx, groups: Sequence[Group]) -> dict[tuple[UUID, str], bulk.Present]:
    """The latest revisions of what is imported, with their lines."""
    wanted = {group.product_id for group in groups}
    headers = tx.all(
        select(Bom.id, Bom.product_id, Bom.bom_type).where(
            Bom.product_id.in_(wanted), Bom.retired_at.is_(None)
        )
    )
    latest = bulk.latest(tx, [row.id for row in headers])
    return {
        (row.product_id, row.bom_type): bulk.Present(latest[row.id], stored(tx, latest[row.id].id))
        for row in headers
    }


def _kept(lines: Sequence[Line], before: Sequence[Line]) -> list[Line]:
    """A line of the same place and component keeps its identity, its variants and its way of choosing."""
    known = {(line.position, line.component_id): line for line in before}
    return [
        replace(line, origin_id=same.origin_id, variants=same.variants, selection_mode=same.selection_mode)
        if (same := known.get((line.position, line.component_id)))
        else line
        for line in lines
    ]


def _difference(present: bulk.Present | None, lines: Sequence[Line], output: Decimal) -> dict[str, list[Any]]:
    before = [] if present is None else [_shown(line) for line in present.lines]
    after = [_shown(line) for line in sorted(lines, key=lambda line: line.position)]
    fields: dict[str, list[Any]] = {}
    if before != after:
        fields["lines"] = [len(before), len(after)]
    held = None if present is None else present.revision.qty_output
    if held != output:
        fields["qty_output"] = [None if held is None else plain(held), plain(output)]
    return fields


def _shown(line: Line) -> tuple[Any, ...]:
    numbers = (line.qty_needed, line.fixed_qty, line.wastage_percent)
    return (line.position, line.component_id, *map(plain, numbers), line.is_phantom, line.operation)


def _refuse_loops(tx: WriteTx, plan: Plan, groups: Sequence[Group], wanted: Sequence[bulk.Wanted]) -> None:
    new = {one.product_id: sorted({item for line in one.lines for item in line.items()}) for one in wanted}
    path = edit.find_loop(tx, new)
    if path is not None:
        group = next(group for group in groups if group.product_id in path)
        codes = {row.id: row.code for row in tx.all(select(Item.id, Item.code).where(Item.id.in_(path)))}
        named = " → ".join(codes[item] for item in path)
        plan.fail(group.rows[0].number, "component_code", "bom_loop", f"The lines close a loop: {named}.")
