"""The seam for whoever builds to a bill of materials: orders pin a revision, and release it when they are over.

A pinned revision never changes; a bill of materials with open pins can't be retired. A pin holds the header's row
for sharing and retiring holds it alone, so the two come one after the other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update

from app.domains.manufacturing.bom.errors import RevisionNotFound
from app.domains.manufacturing.bom.models import Bom, BomRevision, BomUse
from app.kernel.db.bulk import insert_rows
from app.kernel.ids import new_id
from app.kernel.tx import WriteTx


@dataclass(frozen=True, slots=True)
class Pinned:
    bom_id: UUID
    revision_id: UUID
    content_hash: str


def find(tx: WriteTx, product_ids: Iterable[UUID]) -> dict[UUID, Pinned]:
    """What each product is made by now: the revision in force of its manufacturing bill of materials, else its kit.

    Products without one are left out. The headers stay held for sharing until the transaction ends.
    """
    found = (
        select(Bom.product_id, Bom.id.label("bom_id"), BomRevision.id, BomRevision.content_hash)
        .join(BomRevision, BomRevision.bom_id == Bom.id)
        .where(
            Bom.product_id.in_(set(product_ids)),
            Bom.retired_at.is_(None),
            BomRevision.released_at.is_not(None),
            BomRevision.effective_from <= tx.now,
            BomRevision.effective_to.is_(None) | (BomRevision.effective_to > tx.now),
        )
        .order_by(Bom.bom_type, Bom.id)
        .with_for_update(read=True, of=Bom)
    )
    # KIT_PHANTOM sorts before MANUFACTURING, which therefore wins.
    return {row.product_id: Pinned(row.bom_id, row.id, row.content_hash) for row in tx.execute(found)}


def pin(tx: WriteTx, product_by_user: Mapping[str, UUID]) -> dict[str, Pinned]:
    """Pin for each user (`order:<id>`) what its product is made by now. Raises `RevisionNotFound`."""
    made_by = find(tx, product_by_user.values())
    missing = [user for user, product in product_by_user.items() if product not in made_by]
    if missing:
        raise RevisionNotFound(f"Nothing in force makes the product of {missing[0]}.")
    pinned = {user: made_by[product] for user, product in product_by_user.items()}
    tx.flush_if_any()
    columns = ("tenant_id", "id", "bom_id", "revision_id", "used_by", "content_hash", "created_at")
    rows = (
        (tx.tenant_id, new_id(), one.bom_id, one.revision_id, user, one.content_hash, tx.now)
        for user, one in pinned.items()
    )
    insert_rows(tx.conn, BomUse.__table__, columns, rows)  # type: ignore[arg-type]
    return pinned


def unpin(tx: WriteTx, users: Iterable[str]) -> int:
    """End what these users pinned; how many pins that were."""
    return tx.execute(
        update(BomUse)
        .where(BomUse.used_by.in_(set(users)), BomUse.ended_at.is_(None))
        .values(ended_at=tx.now)
        .execution_options(synchronize_session=False)
    ).rowcount
