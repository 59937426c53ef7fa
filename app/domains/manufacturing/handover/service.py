"""Use cases of lines and hand-overs."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import exists, select, update

from app.domains.manufacturing.handover import lines
from app.domains.manufacturing.handover.errors import (
    HandoverBySender,
    HandoverDecided,
    HandoverImpossible,
    HandoverNotFound,
    LineInUse,
    ProductionLineNotFound,
)
from app.domains.manufacturing.handover.events import HandoverAnswered, HandoverSent, LineCleared, LineCreated
from app.domains.manufacturing.handover.models import ProductionHandover, ProductionLine
from app.domains.manufacturing.handover.schemas import HandoverAccept, HandoverCreate, LineCreate
from app.domains.manufacturing.orders import queries
from app.domains.manufacturing.orders.errors import TaskNotFound
from app.domains.manufacturing.orders.history import who
from app.domains.manufacturing.orders.models import ProductionOrder
from app.domains.manufacturing.orders.queries import KIND
from app.domains.manufacturing.orders.words import TaskStatus
from app.domains.manufacturing.quantities import plain
from app.kernel.events.envelope import ref
from app.kernel.problem import invalid
from app.kernel.tx import AnyRow, WriteTx

H, L = ProductionHandover, ProductionLine


def create_line(tx: WriteTx, data: LineCreate) -> UUID:
    """The database refuses a taken code."""
    line = tx.add(ProductionLine(**data.model_dump(), created_at=tx.now, updated_at=tx.now))
    tx.emit(
        LineCreated(production_line_id=line.id, code=line.code),
        subject=ref("line", line.id),
        after=data.model_dump(mode="json"),
    )
    return line.id


def clear_line(tx: WriteTx, production_line_id: UUID) -> None:
    """A clear line stays clear. Raises `ProductionLineNotFound`, and `LineInUse` while a task in progress is on it."""
    line = tx.get(select(L).where(L.id == production_line_id).with_for_update(), ProductionLineNotFound)
    tx.match(line)
    if line.product_id is None:
        return
    o = ProductionOrder
    busy = exists().where(
        o.production_line_id == production_line_id,
        o.status.in_((TaskStatus.IN_PROGRESS.value, TaskStatus.ON_HOLD.value)),
    )
    if tx.scalar(select(busy)):
        raise LineInUse("A task in progress is on the line.")
    product_id = line.product_id
    line.product_id = line.occupied_at = None
    line.version += 1
    line.updated_at = tx.now
    tx.flush()
    tx.emit(
        LineCleared(production_line_id=production_line_id, product_id=product_id),
        subject=ref("line", production_line_id),
        related=[ref("item", product_id)],
        before={"product_id": str(product_id)},
        after={"product_id": None},
    )


def send(tx: WriteTx, data: HandoverCreate) -> UUID:
    """Raises `TaskNotFound`, `ProductionLineNotFound`, `HandoverImpossible`; the database refuses a second one under way."""
    task = _task(tx, data.task_id)
    if data.production_line_id is not None:
        tx.one(select(L.id).where(L.id == data.production_line_id), ProductionLineNotFound)
    reason = _impossible(task, data)
    if reason:
        raise HandoverImpossible(reason)
    made = tx.add(
        ProductionHandover(
            task_id=task.id,
            from_department=task.department,
            to_department=data.to_department,
            production_line_id=data.production_line_id,
            qty_sent=data.quantity,
            note=data.note,
            sent_by=who(tx),
            created_at=tx.now,
            updated_at=tx.now,
        )
    )
    tx.emit(
        HandoverSent(
            handover_id=made.id, task_id=task.id, to_department=data.to_department, quantity=data.quantity
        ),
        subject=ref("handover", made.id),
        related=[ref(KIND, task.id)],
        after=data.model_dump(mode="json"),
    )
    return made.id


def accept(tx: WriteTx, handover_id: UUID, data: HandoverAccept) -> None:
    """The task is in the receiver's department from now on, on its line.

    Raises `HandoverNotFound`, `HandoverDecided`, `HandoverBySender`, `LineNotClear`.
    """
    handover = _pending(tx, handover_id)
    if handover.sent_by == who(tx):
        raise HandoverBySender("You sent it; somebody of the receiving department accepts it.")
    quantity = data.quantity if data.quantity is not None else handover.qty_sent
    if quantity > handover.qty_sent:
        raise invalid("quantity", "more_than_sent", f"{plain(handover.qty_sent)} were sent.")
    task = _task(tx, handover.task_id)
    lines.enter(tx, handover.production_line_id, task.product_id)
    values = {
        "department": handover.to_department,
        "production_line_id": handover.production_line_id or task.production_line_id,
    }
    tx.execute(
        update(ProductionOrder)
        .where(ProductionOrder.id == task.id)
        .values(version=ProductionOrder.version + 1, updated_at=tx.now, **values)
    )
    _decide(tx, handover, "ACCEPTED", data.note, quantity)


def reject(tx: WriteTx, handover_id: UUID, reason: str) -> None:
    """The task stays where it is. Raises `HandoverNotFound`, `HandoverDecided`, `HandoverBySender`."""
    handover = _pending(tx, handover_id)
    if handover.sent_by == who(tx):
        raise HandoverBySender("You sent it; withdraw it with `:cancel`.")
    _decide(tx, handover, "REJECTED", reason)


def withdraw(tx: WriteTx, handover_id: UUID) -> None:
    """Raises `HandoverNotFound`, `HandoverDecided`."""
    _decide(tx, _pending(tx, handover_id), "CANCELLED", None)


def _impossible(task: AnyRow, data: HandoverCreate) -> str | None:
    if task.status != TaskStatus.IN_PROGRESS:
        return f"The task is {task.status}; only one IN_PROGRESS is handed over."
    if task.department is None:
        return "The task is in no department; say which one it is in first."
    if task.department == data.to_department:
        return f"The task is in {task.department} already."
    if data.quantity > task.qty_planned:
        return f"The task plans {plain(task.qty_planned)}, no more can be handed over."
    return None


def _task(tx: WriteTx, task_id: UUID) -> AnyRow:
    found = tx.execute(queries.locked([task_id])).first()
    if found is None:
        raise TaskNotFound("There is no such task.")
    return found


def _pending(tx: WriteTx, handover_id: UUID) -> ProductionHandover:
    """The task is locked before the hand-over, as everywhere."""
    known = tx.one(select(H.task_id).where(H.id == handover_id), HandoverNotFound)
    _task(tx, known.task_id)
    handover = tx.get(select(H).where(H.id == handover_id).with_for_update(), HandoverNotFound)
    tx.match(handover)
    if handover.status != "PENDING":
        raise HandoverDecided(f"The hand-over is {handover.status}.", current=handover.status)
    return handover


def _decide(
    tx: WriteTx, handover: ProductionHandover, status: str, note: str | None, quantity: Decimal | None = None
) -> None:
    handover.status = status
    handover.qty_accepted = quantity
    handover.decided_by = who(tx)
    handover.decision_note = note
    handover.decided_at = handover.updated_at = tx.now
    handover.version += 1
    tx.flush()
    tx.emit(
        HandoverAnswered(handover_id=handover.id, task_id=handover.task_id, status=status),
        subject=ref("handover", handover.id),
        related=[ref(KIND, handover.task_id)],
        before={"status": "PENDING"},
        after={"status": status, "qty_accepted": plain(quantity) if quantity is not None else None},
    )
