"""`/api/assets/maintenance/workorders/{id}/parts`."""

from uuid import UUID

from app.domains.assets import permissions as p
from app.domains.assets.errors import WorkOrderNotFound, WorkOrderTransitionRefused
from app.domains.assets.parts import service
from app.domains.assets.parts.schemas import PartsMove, WorkOrderPartsRead
from app.domains.manufacturing import InsufficientStock, ItemNotFound, LocationNotFound, NothingToReturn
from app.kernel.api.routing import Router
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/assets/maintenance/workorders", tags=["Maintenance"])


@router.post(
    "/{work_order_id:uuid}/parts",
    permission=p.MAINTENANCE_WRITE,
    errors=[
        WorkOrderNotFound,
        WorkOrderTransitionRefused,
        ItemNotFound,
        LocationNotFound,
        InsufficientStock,
        NothingToReturn,
    ],
)
def move_work_order_parts(work_order_id: UUID, body: PartsMove, tx: WriteTx) -> WorkOrderPartsRead:
    """Keep, take, bring back or set free parts for a work order."""
    return service.read(tx, work_order_id, service.move(tx, work_order_id, body))


@router.get("/{work_order_id:uuid}/parts", permission=p.MAINTENANCE_READ, errors=[WorkOrderNotFound])
def get_work_order_parts(work_order_id: UUID, tx: ReadTx) -> WorkOrderPartsRead:
    """The parts of a work order and what they cost."""
    return service.read(tx, work_order_id)
