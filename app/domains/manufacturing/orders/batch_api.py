"""`/api/ppic/tasks/batch`: the same for many tasks at once."""

from app.domains.manufacturing import permissions as p
from app.domains.manufacturing.orders import batch
from app.domains.manufacturing.orders.errors import BatchFailed
from app.domains.manufacturing.orders.schemas import BatchAnswer, BatchApprove, BatchComplete, BatchStart
from app.kernel.api.routing import Router
from app.kernel.tx import WriteTx

router = Router("/api/ppic/tasks/batch", tags=["Production"])


@router.post("/approve", permission=p.PPIC_APPROVE, status_code=200, errors=[BatchFailed])
def batch_approve_tasks(body: BatchApprove, tx: WriteTx) -> BatchAnswer:
    """Approve up to 10,000 tasks and reserve what is on hand for them."""
    return batch.approve(tx, body)


@router.post("/start", permission=p.PPIC_UPDATE, status_code=200, errors=[BatchFailed])
def batch_start_tasks(body: BatchStart, tx: WriteTx) -> BatchAnswer:
    """Start up to 10,000 tasks."""
    return batch.start(tx, body)


@router.post("/complete", permission=p.PPIC_UPDATE, status_code=200, errors=[BatchFailed])
def batch_complete_tasks(body: BatchComplete, tx: WriteTx) -> BatchAnswer:
    """Complete up to 10,000 tasks, each as planned unless `quantities` says otherwise."""
    return batch.complete(tx, body)
