from app.kernel.events.envelope import Event
from app.platform.operations.permissions import OPERATIONS_READ


class _OperationEvent(Event):
    kind: str


class OperationStarted(_OperationEvent, type="operation.started", permission=OPERATIONS_READ):
    """Long-running work was asked for; a job will do it."""


class OperationCancelRequested(
    _OperationEvent, type="operation.cancel_requested", permission=OPERATIONS_READ
):
    """Somebody asked running work to stop; it ends at its next step."""


class OperationSucceeded(_OperationEvent, type="operation.succeeded", permission=OPERATIONS_READ):
    """Long-running work is done."""


class OperationFailed(_OperationEvent, type="operation.failed", permission=OPERATIONS_READ):
    """Long-running work ended with a problem."""

    code: str


class OperationCanceled(_OperationEvent, type="operation.canceled", permission=OPERATIONS_READ):
    """Long-running work was stopped before its end."""
