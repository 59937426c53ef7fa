"""Releasing many revisions at once, in a number of statements that does not depend on how many."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from graphlib import TopologicalSorter
from uuid import UUID

from sqlalchemy import Text, Uuid, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY

from app.domains.manufacturing.bom import events, reads, service
from app.domains.manufacturing.bom.labels import next_label
from app.domains.manufacturing.bom.lines import Line, check_variants, insert, items_of
from app.domains.manufacturing.bom.models import Bom, BomRevision
from app.domains.manufacturing.graph import edit
from app.kernel.events.envelope import ref
from app.kernel.ids import new_id
from app.kernel.tx import AnyRow, WriteTx


@dataclass(frozen=True, slots=True)
class Present:
    revision: AnyRow
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What shall be in force: of a new header, or after `present`."""

    product_id: UUID
    bom_type: str
    qty_output: Decimal
    lines: list[Line]
    present: Present | None


_RELEASE = text("""
UPDATE bom_revision r SET content_hash = d.hash, effective_from = :at, released_at = :at, released_by = :actor
FROM unnest(:ids, :hashes) d(id, hash) WHERE r.id = d.id
""").bindparams(bindparam("ids", type_=ARRAY(Uuid())), bindparam("hashes", type_=ARRAY(Text())))


def latest(tx: WriteTx, bom_ids: Sequence[UUID]) -> dict[UUID, AnyRow]:
    """The revision of the highest number of each."""
    table = BomRevision.__table__.c
    newest = select(func.max(table.number)).where(table.bom_id == Bom.id).correlate(Bom).scalar_subquery()
    found = select(*table).join(Bom, Bom.id == table.bom_id)
    return {row.bom_id: row for row in tx.all(found.where(Bom.id.in_(bom_ids), table.number == newest))}


def release(tx: WriteTx, wanted: Sequence[Wanted]) -> None:
    """Store and release. The caller holds the graph's lock and has checked that no loop closes."""
    items = items_of(tx, {item for one in wanted for line in one.lines for item in line.items()})
    check_variants(items, (line for one in wanted for line in one.lines))
    made = [_rows(tx, one) for one in wanted]
    tx.session.add_all([bom for bom, _ in made if bom is not None])
    tx.flush()
    tx.session.add_all([revision for _, revision in made])
    tx.flush()
    revisions = [revision for _, revision in made]
    insert(tx, [(r.id, one.lines) for r, one in zip(revisions, wanted, strict=True)], items)
    hashes = _hashes(tx, wanted, revisions)
    touched = {item for one in wanted for line in one.lines for item in line.items()}
    touched |= {item for one in wanted if one.present for line in one.present.lines for item in line.items()}
    _end_earlier(tx, [r.bom_id for r in revisions])
    ids = [r.id for r in revisions]
    tx.execute(_RELEASE, {"at": tx.now, "actor": tx.actor, "ids": ids, "hashes": [hashes[i] for i in ids]})
    edit.changed(tx, touched, lines=sum(len(one.lines) for one in wanted))
    for (bom, revision), one in zip(made, wanted, strict=True):
        _tell(tx, bom, revision, one, hashes[revision.id])


def _rows(tx: WriteTx, one: Wanted) -> tuple[Bom | None, BomRevision]:
    bom = None
    if one.present is None:
        stamps = {"created_by": tx.actor, "created_at": tx.now, "updated_at": tx.now}
        bom = Bom(
            tenant_id=tx.tenant_id, id=new_id(), product_id=one.product_id, bom_type=one.bom_type, **stamps
        )
    before = one.present.revision if one.present else None
    revision = BomRevision(
        tenant_id=tx.tenant_id,
        id=new_id(),
        bom_id=before.bom_id if before is not None else bom.id if bom else None,
        number=before.number + 1 if before is not None else 1,
        revision=next_label(before.revision) if before is not None else "Rev 1.0",
        qty_output=one.qty_output,
        supports_multi_material=before.supports_multi_material if before is not None else False,
        default_variant_selection=before.default_variant_selection if before is not None else "primary",
        revision_reason="Import",
        created_by=tx.actor,
        created_at=tx.now,
    )
    return bom, revision


def _hashes(tx: WriteTx, wanted: Sequence[Wanted], revisions: Sequence[BomRevision]) -> dict[UUID, str]:
    """From the bottom up, so that each hash holds those below. A manufacturing one stands for its product."""
    parts = {item for one in wanted for line in one.lines for item in line.items()}
    below = reads.hashes_in_force(tx, parts)
    by_product: dict[UUID, list[int]] = {}
    for number, one in enumerate(wanted):
        by_product.setdefault(one.product_id, []).append(number)
    order = TopologicalSorter(
        {one.product_id: {item for line in one.lines for item in line.items()} for one in wanted}
    )
    found: dict[UUID, str] = {}
    for product in order.static_order():
        for number in sorted(by_product.get(product, ()), key=lambda n: wanted[n].bom_type):
            one, revision = wanted[number], revisions[number]
            made = service.digest(one.qty_output, revision.default_variant_selection, one.lines, below)
            found[revision.id] = below[product] = made
    return found


def _end_earlier(tx: WriteTx, bom_ids: Sequence[UUID]) -> None:
    tx.execute(
        update(BomRevision)
        .where(
            BomRevision.bom_id.in_(bom_ids),
            BomRevision.released_at.is_not(None),
            BomRevision.effective_to.is_(None) | (BomRevision.effective_to > tx.now),
        )
        .values(effective_to=func.greatest(BomRevision.effective_from, tx.now))
        .execution_options(synchronize_session=False)
    )
    tx.execute(
        update(Bom)
        .where(Bom.id.in_(bom_ids))
        .values(version=Bom.version + 1, updated_at=tx.now)
        .execution_options(synchronize_session=False)
    )


def _tell(tx: WriteTx, bom: Bom | None, revision: BomRevision, one: Wanted, digest: str) -> None:
    subject, related = ref("bom", revision.bom_id), [ref("item", one.product_id)]
    if bom is not None:
        created = events.BomCreated(bom_id=bom.id, product_id=one.product_id, bom_type=one.bom_type)
        tx.emit(created, subject=subject, related=related)
    revised = events.BomRevised(bom_id=revision.bom_id, revision_id=revision.id, revision=revision.revision)
    tx.emit(
        revised,
        subject=subject,
        related=related,
        after={"lines": [reads.audit_line(line) for line in one.lines]},
    )
    released = events.BomReleased(
        bom_id=revision.bom_id,
        revision_id=revision.id,
        revision=revision.revision,
        content_hash=digest,
        effective_from=tx.now,
    )
    tx.emit(released, subject=subject, related=related)
