"""What an order means: the released revision of its product at the moment it was drafted, resolved to components.

Phantom lines are blown through: the order gets what they are made of. Services take no stock and are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from uuid import UUID

from sqlalchemy import select

from app.domains.manufacturing.bom import usage, variants
from app.domains.manufacturing.bom.errors import BomNotFound, NothingToChoose
from app.domains.manufacturing.bom.models import Bom, BomLine, BomRevision, BomVariant
from app.domains.manufacturing.bom.schemas import SelectionCreate
from app.domains.manufacturing.bom.words import BomType, SelectionMode
from app.domains.manufacturing.items import service as items
from app.domains.manufacturing.orders.models import ProductionComponent
from app.domains.manufacturing.orders.quantities import countable, required
from app.domains.manufacturing.orders.queries import KIND
from app.domains.manufacturing.orders.words import Consumption
from app.domains.manufacturing.words import ItemType, Tracking
from app.kernel.db.bulk import insert_rows
from app.kernel.events.envelope import ref
from app.kernel.ids import new_id
from app.kernel.tx import AnyRow, WriteTx

QUANTUM = Decimal("0.000000001")
_WIDE = Context(prec=60)
_COLUMNS = (
    "tenant_id",
    "id",
    "order_id",
    "position",
    "item_id",
    "operation_code",
    "consumption",
    "is_whole",
    "qty_fixed",
    "qty_per_unit",
    "qty_required",
)


@dataclass(frozen=True, slots=True)
class Norm:
    """One component of one unit of output: fixed once an order, and so much per unit, wastage included."""

    item_id: UUID
    operation_code: str | None
    fixed: Decimal
    per_unit: Decimal


@dataclass(frozen=True, slots=True)
class Pinned:
    """`revision_id` is null for a product without a released bill of materials."""

    revision_id: UUID | None
    content_hash: str | None
    quantity: Decimal
    norms: tuple[Norm, ...]
    serials: frozenset[UUID] = frozenset()


def pin(tx: WriteTx, task_id: UUID, product_id: UUID, quantity: Decimal) -> Pinned:
    """Pin what the product is made by now, and resolve it for this quantity. Without any, the task has no components."""
    user = ref(KIND, task_id)
    if product_id not in usage.find(tx, [product_id]):
        return Pinned(None, None, quantity, ())
    pinned = usage.pin(tx, {user: product_id})[user]
    norms = _resolve(tx, pinned, quantity, user)
    known = items.get_many(tx, {norm.item_id for norm in norms}) if norms else {}
    return Pinned(
        pinned.revision_id,
        pinned.content_hash,
        quantity,
        tuple(norm for norm in norms if known[norm.item_id].item_type != ItemType.SERVICE),
        frozenset(item.id for item in known.values() if item.tracking == Tracking.SERIAL),
    )


def unpin(tx: WriteTx, task_ids: Sequence[UUID]) -> None:
    """These tasks are over: their bills of materials may be retired."""
    usage.unpin(tx, [ref(KIND, task_id) for task_id in task_ids])


def _resolve(tx: WriteTx, pinned: usage.Pinned, quantity: Decimal, user: str) -> list[Norm]:
    revision = tx.one(
        select(*BomRevision.__table__.c).where(BomRevision.id == pinned.revision_id), BomNotFound
    )
    lines = tx.all(
        select(*BomLine.__table__.c)
        .where(BomLine.revision_id == pinned.revision_id)
        .order_by(BomLine.position)
    )
    chosen = _choices(tx, pinned, revision, lines, quantity, user)
    norms: list[Norm] = []
    for line in lines:
        wastage = 1 + line.wastage_percent / 100
        for item_id, share in chosen.get(line.id, [(line.used_item_id, line.used_quantity)]):
            per_unit = exact(Fraction(share * wastage) / Fraction(revision.qty_output))
            norms += _blown(tx, line, Norm(item_id, line.operation, line.fixed_qty, per_unit), quantity, user)
    return norms


def _blown(tx: WriteTx, line: AnyRow, norm: Norm, quantity: Decimal, user: str) -> list[Norm]:
    """What a phantom is made of in its place; anything else as it is."""
    below = usage.find(tx, [norm.item_id]).get(norm.item_id)
    if below is None or not (line.is_phantom or _is_kit(tx, below)):
        return [norm]
    return [
        Norm(
            inner.item_id,
            norm.operation_code or inner.operation_code,
            inner.fixed + inner.per_unit * norm.fixed,
            exact(Fraction(inner.per_unit) * Fraction(norm.per_unit)),
        )
        for inner in _resolve(tx, below, quantity * norm.per_unit, user)
    ]


def _choices(
    tx: WriteTx,
    pinned: usage.Pinned,
    revision: AnyRow,
    lines: Sequence[AnyRow],
    quantity: Decimal,
    user: str,
) -> dict[UUID, list[tuple[UUID, Decimal]]]:
    """For lines whose material is chosen by more than rank: what was chosen, per `qty_output`, and that decision kept.

    Where nothing can be chosen (nothing in stock, no cost known) the primary material stands.
    """
    found = {}
    varied = {
        row.line_id
        for row in tx.all(select(BomVariant.line_id).where(BomVariant.revision_id == revision.id).distinct())
    }
    for line in lines:
        mode = line.selection_mode or revision.default_variant_selection
        if line.id not in varied or mode == SelectionMode.PRIMARY:
            continue
        need = (line.qty_needed * quantity / revision.qty_output).quantize(QUANTUM)
        wanted = SelectionCreate(line_id=line.id, quantity=need, step=min(need, Decimal(1)), demand_ref=user)
        try:
            with tx.savepoint():
                shares = variants.select_material(tx, pinned.bom_id, wanted).shares
        except NothingToChoose:
            continue
        scale = Fraction(quantity) / Fraction(revision.qty_output)
        found[line.id] = [
            (UUID(str(share.material_id)), exact(Fraction(share.quantity) / scale)) for share in shares
        ]
    return found


def _is_kit(tx: WriteTx, pinned: usage.Pinned) -> bool:
    found = tx.scalar(select(Bom.bom_type).where(Bom.id == pinned.bom_id))
    return found == BomType.KIT_PHANTOM


def exact(value: Fraction) -> Decimal:
    """To 18 decimals, downwards: what is required is rounded up afterwards, to 9, so the two undo each other."""
    return Decimal(value.numerator * 10**18 // value.denominator).scaleb(-18, _WIDE)


def write(tx: WriteTx, task_id: UUID, pinned: Pinned) -> None:
    rows = (
        (
            tx.tenant_id,
            new_id(),
            task_id,
            position,
            norm.item_id,
            norm.operation_code,
            Consumption.BACKFLUSH.value,
            norm.item_id in pinned.serials,
            norm.fixed,
            norm.per_unit,
            countable(
                required(norm.fixed, norm.per_unit, pinned.quantity),
                whole=norm.item_id in pinned.serials,
                up=True,
            ),
        )
        for position, norm in enumerate(pinned.norms, 1)
    )
    insert_rows(tx.conn, ProductionComponent.__table__, _COLUMNS, rows)  # type: ignore[arg-type]
