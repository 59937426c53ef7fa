"""Following and ending operations."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, or_, select

from app.kernel.events.envelope import Event, ref
from app.kernel.jobs.wait import announce
from app.kernel.problem import PermissionDenied, Problem
from app.kernel.security.principal import Principal
from app.kernel.tx import ReadTx, WriteTx
from app.platform.operations.catalogue import kinds_open_to, permission_of
from app.platform.operations.errors import OperationFinished, OperationNotFound
from app.platform.operations.events import (
    OperationCanceled,
    OperationCancelRequested,
    OperationFailed,
    OperationSucceeded,
)
from app.platform.operations.models import UNFINISHED, Operation
from app.platform.operations.permissions import OPERATIONS_READ
from app.platform.operations.schemas import OperationFilter


def visible(principal: Principal, wanted: OperationFilter | None = None) -> Select[Any]:
    """The operations the principal may see: its own, those of kinds it has the permission for, or all."""
    found = select(*Operation.__table__.c).where(Operation.tenant_id == principal.tenant_id)
    if not principal.can(OPERATIONS_READ):
        own = Operation.created_by.in_(_actors(principal))
        found = found.where(or_(own, Operation.kind.in_(kinds_open_to(principal))))
    if wanted is not None:
        for column in (Operation.kind, Operation.status, Operation.subject):
            value = getattr(wanted, column.key)
            found = found.where(column == value) if value is not None else found
    return found


def read(tx: ReadTx, operation_id: UUID) -> Row[Any]:
    """Raises `OperationNotFound`, also for what the caller may not see."""
    found = visible(tx.principal).where(Operation.id == operation_id)
    return tx.one(found, OperationNotFound(f"There is no operation {operation_id}."))


def is_finished(tx: ReadTx, operation_id: UUID) -> bool:
    """True once it has ended, however it ended. Raises `OperationNotFound` when it is not this tenant's."""
    status = tx.scalar(
        select(Operation.status).where(Operation.tenant_id == tx.tenant_id, Operation.id == operation_id)
    )
    if status is None:
        raise OperationNotFound(f"There is no operation {operation_id}.")
    return status not in UNFINISHED


def request_cancel(tx: WriteTx, operation_id: UUID) -> None:
    """Cancel what has not begun, ask what is running to stop.

    Raises `OperationNotFound`, `PermissionDenied` (one may see it but neither started it nor may cancel its kind)
    and `OperationFinished`.
    """
    read(tx, operation_id)
    operation = lock(tx, operation_id)
    needed = permission_of(operation.kind)
    may = operation.created_by in _actors(tx.principal) or (needed is not None and tx.principal.can(needed))
    if not may:
        raise PermissionDenied("Another principal started this operation.", permission=needed)
    if operation.status not in UNFINISHED:
        raise OperationFinished(
            f"The operation has ended: {operation.status}.", operation_status=operation.status
        )
    tx.match(operation)
    if operation.status == "PENDING":
        cancel(tx, operation)
    elif not operation.cancel_requested:
        operation.cancel_requested = True
        _touch(tx, operation)
        emit(tx, OperationCancelRequested(kind=operation.kind), operation.id, operation.subject)


def lock(tx: WriteTx, operation_id: UUID) -> Operation:
    """The operation, locked. Raises `OperationNotFound`."""
    found = select(Operation).where(Operation.tenant_id == tx.tenant_id, Operation.id == operation_id)
    return tx.get(found.with_for_update(), OperationNotFound(f"There is no operation {operation_id}."))


def succeed(tx: WriteTx, operation: Operation, result: dict[str, Any] | None) -> None:
    """End a locked operation well."""
    operation.result = result
    _end(tx, operation, "SUCCEEDED", OperationSucceeded(kind=operation.kind))


def fail(tx: WriteTx, operation: Operation, problem: Problem) -> None:
    """End a locked operation with a problem; what is kept is what a client may see of it."""
    operation.problem = problem.document(
        instance=f"/api/operations/{operation.id}", request_id=tx.origin.request_id
    )
    _end(tx, operation, "FAILED", OperationFailed(kind=operation.kind, code=problem.code))


def cancel(tx: WriteTx, operation: Operation) -> None:
    """End a locked operation before its end."""
    operation.cancel_requested = True
    _end(tx, operation, "CANCELED", OperationCanceled(kind=operation.kind))


def _end(tx: WriteTx, operation: Operation, status: str, event: Event) -> None:
    operation.status = status
    operation.finished_at = tx.now
    _touch(tx, operation)
    emit(tx, event, operation.id, operation.subject)
    announce(tx, operation.id)


def _touch(tx: WriteTx, operation: Operation) -> None:
    operation.version += 1
    operation.updated_at = tx.now
    tx.flush()


def emit(tx: WriteTx, event: Event, operation_id: UUID, subject: str | None) -> UUID:
    """Every event of an operation is about it and about what it works on."""
    return tx.emit(event, subject=ref("operation", operation_id), related=[subject] if subject else [])


def _actors(principal: Principal) -> list[str]:
    """What `created_by` may say of this principal: itself, and for an API key the user behind it."""
    own = [principal.actor]
    return [*own, f"user:{principal.user_id}"] if principal.user_id else own
