"""What differs between two revisions of a bill of materials, line by line and over all levels."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.domains.manufacturing.bom import reads
from app.domains.manufacturing.bom.models import BomLine, BomRevision
from app.domains.manufacturing.explosion.schemas import (
    BomLineAfter,
    BomLineBefore,
    CompareFilter,
    CompareRead,
    ItemChange,
    LineChange,
)
from app.domains.manufacturing.graph import reach
from app.domains.manufacturing.graph.rounding import micros, text_of
from app.kernel.tx import AnyRow, ReadTx

Key = tuple[UUID, str | None, int]


def compare(tx: ReadTx, bom_id: UUID, wanted: CompareFilter) -> CompareRead:
    """Each side as it was meant: a past revision with the levels below as they were when it came into force.

    Raises `BomNotFound`, `RevisionNotFound`.
    """
    newer = _newer(tx, bom_id, wanted)
    older = _older(tx, bom_id, wanted, newer)
    lines = _line_changes(tx, older, newer)
    items = _item_changes(tx, older, newer)
    return CompareRead(
        bom_id=bom_id,
        revision_id=newer.id,
        other_revision_id=None if older is None else older.id,
        same=older is not None
        and newer.content_hash is not None
        and newer.content_hash == older.content_hash,
        lines=lines,
        items=items,
    )


def _newer(tx: ReadTx, bom_id: UUID, wanted: CompareFilter) -> AnyRow:
    if wanted.revision_id is not None:
        return reads.revision(tx, bom_id, wanted.revision_id)
    return reads.in_force(tx, bom_id, tx.now)


def _older(tx: ReadTx, bom_id: UUID, wanted: CompareFilter, newer: AnyRow) -> AnyRow | None:
    """None when nothing was before."""
    if wanted.other_revision_id is not None:
        return reads.revision(tx, bom_id, wanted.other_revision_id)
    if wanted.as_of is not None:
        return reads.in_force(tx, bom_id, wanted.as_of)
    before = (
        select(BomRevision.id)
        .where(BomRevision.bom_id == bom_id, BomRevision.number < newer.number)
        .order_by(BomRevision.number.desc())
        .limit(1)
    )
    found = tx.scalar(before)
    return None if found is None else reads.revision(tx, bom_id, found)


def _line_changes(tx: ReadTx, older: AnyRow | None, newer: AnyRow) -> list[LineChange]:
    before = {} if older is None else _lines(tx, older.id)
    after = _lines(tx, newer.id)
    changes: list[tuple[str, Key, AnyRow | None, AnyRow | None]] = []
    for key in sorted({*before, *after}, key=lambda one: (one[2], str(one))):
        old, new = before.get(key), after.get(key)
        if old is None:
            changes.append(("ADDED", key, None, new))
        elif new is None:
            changes.append(("REMOVED", key, old, None))
        elif _side(old) != _side(new):
            changes.append(("CHANGED", key, old, new))
    faces = reach.faces(tx, {key[0] for _, key, _, _ in changes})
    return [
        LineChange(
            change=word,
            component_id=key[0],
            code=faces[key[0]].code,
            position=key[2],
            before=None if old is None else BomLineBefore(**_side(old)),
            after=None if new is None else BomLineAfter(**_side(new)),
        )
        for word, key, old, new in changes
    ]


def _lines(tx: ReadTx, revision_id: UUID) -> Mapping[Key, AnyRow]:
    """By component, operation and which of several equal ones it is."""
    table = BomLine.__table__.c
    found: dict[Key, Any] = {}
    seen: dict[tuple[UUID, str | None], int] = {}
    for row in tx.all(select(*table).where(table.revision_id == revision_id).order_by(table.position)):
        pair = (row.component_id, row.operation)
        seen[pair] = seen.get(pair, 0) + 1
        found[*pair, seen[pair]] = row
    return found


def _side(row: AnyRow) -> dict[str, Any]:
    return {
        "quantity": text_of(micros(Fraction(row.qty_needed))),
        "fixed": text_of(micros(Fraction(row.fixed_qty))),
        "wastage_percent": float(row.wastage_percent),
        "operation": row.operation,
    }


def _item_changes(tx: ReadTx, older: AnyRow | None, newer: AnyRow) -> list[ItemChange]:
    before = {} if older is None else _needs(tx, older)
    after = _needs(tx, newer)
    different = [item for item in {*before, *after} if before.get(item, 0) != after.get(item, 0)]
    faces = reach.faces(tx, different)
    return [
        ItemChange(
            item_id=item,
            code=faces[item].code,
            before=text_of(before.get(item, 0)),
            after=text_of(after.get(item, 0)),
            difference=_signed(after.get(item, 0) - before.get(item, 0)),
        )
        for item in sorted(different, key=lambda one: faces[one].code)
    ]


def _needs(tx: ReadTx, revision: AnyRow) -> dict[UUID, int]:
    """One unit's needs: of a past revision when it came into force, of a planned one then, else now."""
    at = tx.now if revision.effective_from is None else max(revision.effective_from, tx.now)
    if revision.effective_to is not None and revision.effective_to <= tx.now:
        at = revision.effective_from
    needed = reach.below(tx, revision.id, at).explode({revision.product_id: Fraction(1)})
    return {item: micros(need) for item, need in needed.items()}


def _signed(millionths: int) -> str:
    return f"-{text_of(-millionths)}" if millionths < 0 else text_of(millionths)
