from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.kernel.api.deferred import Completion, Deferred, WaitSeconds
from app.kernel.api.pagination import SortKeys, page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import ReadTx, WriteTx
from app.platform.operations import service
from app.platform.operations.errors import OperationFinished, OperationNotFound
from app.platform.operations.models import Operation
from app.platform.operations.schemas import OperationFilter, OperationRead

router = Router("/api/operations", tags=["Operations"])

_SORT: SortKeys = {"id": Operation.id, "created_at": Operation.created_at}


def read_operation(tx: ReadTx, operation_id: UUID) -> OperationRead:
    return OperationRead.model_validate(service.read(tx, operation_id))


@router.get("", self_service=True)
def list_operations(tx: ReadTx, wanted: Annotated[OperationFilter, Query()]) -> Page[OperationRead]:
    """Operations that the caller started or may see, newest first."""
    found = service.visible(tx.principal, wanted)
    return page(tx, found, wanted, OperationRead.model_validate, keys=_SORT, default="-id")


@router.get(
    "/{operation_id:uuid}",
    self_service=True,
    errors=[OperationNotFound],
    completion=Completion(service.is_finished, read_operation),
)
def get_operation(operation_id: UUID, tx: ReadTx, wait_seconds: WaitSeconds = 0) -> Deferred[OperationRead]:
    """The operation now, or with `wait_seconds` as soon as it has ended."""
    service.read(tx, operation_id)
    return Deferred(operation_id, wait_seconds)


@router.post("/{operation_id:uuid}:cancel", self_service=True, errors=[OperationNotFound, OperationFinished])
def cancel_operation(operation_id: UUID, tx: WriteTx) -> OperationRead:
    """Cancel what has not begun; what is running is asked to stop and ends as CANCELED at its next step."""
    service.request_cancel(tx, operation_id)
    return read_operation(tx, operation_id)
