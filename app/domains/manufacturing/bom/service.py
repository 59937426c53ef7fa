"""Use cases of bills of materials. Every change is a new revision; a released one is never touched again."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from app.domains.manufacturing.bom import events, reads
from app.domains.manufacturing.bom.errors import (
    BomInUse,
    BomNotFound,
    BomRetired,
    NothingToRelease,
)
from app.domains.manufacturing.bom.labels import content_hash, next_label
from app.domains.manufacturing.bom.lines import Line, check_variants, insert, items_of, numbered, stored
from app.domains.manufacturing.bom.models import Bom, BomRevision, BomUse
from app.domains.manufacturing.bom.schemas import BomCreate, BomUpdate
from app.domains.manufacturing.graph import edit
from app.kernel.events.envelope import ref
from app.kernel.problem import invalid
from app.kernel.tx import WriteTx


def create(tx: WriteTx, data: BomCreate) -> UUID:
    """Raises `ItemNotFound`, `BomLoop`; the database refuses a second active one of the product and type."""
    edit.lock(tx)
    lines = numbered(data.lines)
    items_of(tx, {data.product_id})
    bom = tx.add(
        Bom(
            product_id=data.product_id,
            bom_type=data.bom_type,
            created_by=tx.actor,
            created_at=tx.now,
            updated_at=tx.now,
        )
    )
    tx.emit(
        events.BomCreated(bom_id=bom.id, product_id=bom.product_id, bom_type=bom.bom_type),
        subject=ref("bom", bom.id),
        related=[ref("item", bom.product_id)],
        after=data.model_dump(mode="json"),
    )
    revision = BomRevision(
        bom_id=bom.id,
        number=1,
        revision=data.revision,
        qty_output=data.qty_output,
        supports_multi_material=data.supports_multi_material,
        default_variant_selection=data.default_variant_selection,
        revision_reason=data.revision_reason,
        created_by=tx.actor,
        created_at=tx.now,
    )
    write(tx, bom, revision, lines)
    if not data.draft:
        publish(tx, bom, revision, lines, data.effective_from)
    return bom.id


def revise(tx: WriteTx, bom_id: UUID, data: BomUpdate) -> UUID:
    """The next revision, released unless `draft`. Raises `BomNotFound`, `BomRetired`, `BomLoop`."""
    bom = lock(tx, bom_id)
    before = latest(tx, bom_id)
    lines = stored(tx, before.id) if data.lines is None else numbered(data.lines)
    given = data.model_dump(include={"supports_multi_material", "default_variant_selection", "qty_output"})
    changes = {name: value for name, value in given.items() if value is not None}
    revision = following(tx, before, label=data.revision, reason=data.revision_reason, **changes)
    write(tx, bom, revision, lines)
    if not data.draft:
        publish(tx, bom, revision, lines, data.effective_from)
    touch(tx, bom)
    return revision.id


def release(tx: WriteTx, bom_id: UUID, effective_from: datetime | None) -> None:
    """Free the latest draft. Raises `BomNotFound`, `BomRetired`, `NothingToRelease`, `BomLoop`."""
    bom = lock(tx, bom_id)
    draft = latest(tx, bom_id)
    if draft.released_at is not None:
        raise NothingToRelease(f"{draft.revision} is the latest revision and released.")
    publish(tx, bom, draft, stored(tx, draft.id), effective_from)
    touch(tx, bom)


def retire(tx: WriteTx, bom_id: UUID) -> None:
    """Raises `BomNotFound`, `BomRetired`, `BomInUse`."""
    bom = lock(tx, bom_id)
    used = select(BomUse.used_by).where(BomUse.bom_id == bom_id, BomUse.ended_at.is_(None))
    uses = tx.scalar(select(func.count()).select_from(used.subquery())) or 0
    if uses:
        first = [row.used_by for row in tx.all(used.order_by(BomUse.created_at, BomUse.id).limit(20))]
        raise BomInUse(f"{uses} open orders use it.", used_by=list(first), uses=uses)
    components = _live_components(tx, bom_id)
    _end(tx, bom_id, tx.now)
    bom.retired_at = tx.now
    touch(tx, bom)
    edit.changed(tx, components, lines=0)
    tx.emit(
        events.BomRetiredEvent(bom_id=bom_id),
        subject=ref("bom", bom_id),
        related=[ref("item", bom.product_id)],
    )


def lock(tx: WriteTx, bom_id: UUID) -> Bom:
    """The tenant's graph, then the header. Raises `BomNotFound`, `BomRetired`; checks `If-Match`."""
    edit.lock(tx)
    bom = tx.get(select(Bom).where(Bom.id == bom_id).with_for_update(), BomNotFound)
    if bom.retired_at is not None:
        raise BomRetired("The bill of materials is retired.")
    tx.match(bom)
    return bom


def latest(tx: WriteTx, bom_id: UUID) -> BomRevision:
    found = select(BomRevision).where(BomRevision.bom_id == bom_id).order_by(BomRevision.number.desc())
    return tx.get(found.limit(1), BomNotFound)


def following(
    tx: WriteTx, before: BomRevision, *, label: str | None, reason: str | None, **changes: Any
) -> BomRevision:
    """The revision after `before`, equal to it in all that is not given."""
    fields: dict[str, Any] = {
        "qty_output": before.qty_output,
        "supports_multi_material": before.supports_multi_material,
        "default_variant_selection": before.default_variant_selection,
    }
    return BomRevision(
        **(fields | changes),
        bom_id=before.bom_id,
        number=before.number + 1,
        revision=label or next_label(before.revision),
        revision_reason=reason,
        created_by=tx.actor,
        created_at=tx.now,
    )


def write(tx: WriteTx, bom: Bom, revision: BomRevision, lines: Sequence[Line]) -> None:
    """Store a draft. Raises `ItemNotFound`, `BomLoop` and what is wrong with variants."""
    parts = {item for line in lines for item in line.items()}
    items = items_of(tx, parts | {bom.product_id})
    check_variants(items, lines)
    edit.refuse_loop(tx, bom.product_id, parts)
    tx.add(revision)
    insert(tx, [(revision.id, lines)], items)
    tx.emit(
        events.BomRevised(bom_id=bom.id, revision_id=revision.id, revision=revision.revision),
        subject=ref("bom", bom.id),
        related=[ref("item", bom.product_id)],
        after={
            "revision": revision.revision,
            "reason": revision.revision_reason,
            "lines": [reads.audit_line(line) for line in lines],
        },
    )


def publish(
    tx: WriteTx, bom: Bom, revision: BomRevision, lines: Sequence[Line], effective_from: datetime | None
) -> None:
    """Release a stored draft: it freezes, and ends the revisions before it. Raises `BomLoop`."""
    start = effective_from or tx.now
    if start < tx.now:
        raise invalid("effective_from", "in_the_past", "A revision can't come into force in the past.")
    parts = {item for line in lines for item in line.items()}
    edit.refuse_loop(tx, bom.product_id, parts)
    touched = parts | set(_live_components(tx, bom.id))
    _end(tx, bom.id, start)
    revision.content_hash = hash_of(tx, revision, lines)
    revision.effective_from = start
    revision.released_at = tx.now
    revision.released_by = tx.actor
    tx.flush()
    edit.changed(tx, touched, lines=len(lines))
    tx.emit(
        events.BomReleased(
            bom_id=bom.id,
            revision_id=revision.id,
            revision=revision.revision,
            content_hash=revision.content_hash,
            effective_from=start,
        ),
        subject=ref("bom", bom.id),
        related=[ref("item", bom.product_id)],
    )


def hash_of(tx: WriteTx, revision: BomRevision, lines: Sequence[Line]) -> str:
    """The content hash at this moment, over the components' hashes in force."""
    below = reads.hashes_in_force(tx, {item for line in lines for item in line.items()})
    return digest(revision.qty_output, revision.default_variant_selection, lines, below)


def digest(qty_output: Decimal, selection: str, lines: Sequence[Line], below: dict[UUID, str]) -> str:
    """`content_hash` of a revision; what has no effect on quantities or materials is left out."""
    header = {"qty_output": qty_output, "default_variant_selection": str(selection)}
    return content_hash(header, [reads.hashed_line(line, below) for line in lines])


def touch(tx: WriteTx, bom: Bom) -> None:
    bom.version += 1
    bom.updated_at = tx.now
    tx.flush()


def _end(tx: WriteTx, bom_id: UUID, at: datetime) -> None:
    """Revisions in force or planned end at `at`, or are never in force when they would begin later."""
    tx.execute(
        update(BomRevision)
        .where(
            BomRevision.bom_id == bom_id,
            BomRevision.released_at.is_not(None),
            BomRevision.effective_to.is_(None) | (BomRevision.effective_to > at),
        )
        .values(effective_to=func.greatest(BomRevision.effective_from, at))
        .execution_options(synchronize_session=False)
    )


def _live_components(tx: WriteTx, bom_id: UUID) -> list[UUID]:
    return [row.item_id for row in tx.all(reads.LIVE_PARTS, {"bom_id": bom_id, "at": tx.now})]
