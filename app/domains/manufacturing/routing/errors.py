"""What can go wrong with work centres, routings and work orders."""

from decimal import Decimal

from pydantic import BaseModel, Field

from app.kernel.problem import Conflict, NotFound, Problem


class WorkMoveMembers(BaseModel):
    current: str = Field(examples=["WAITING"])
    task_status: str = Field(examples=["IN_PROGRESS"])


class InputMembers(BaseModel):
    available: Decimal = Field(description="How many units may still go into this operation.")
    asked: Decimal


class CapacityMembers(BaseModel):
    current: int
    limit: int


class WorkCenterNotFound(NotFound):
    """No such work centre in this tenant."""

    code, title = "work_center_not_found", "Work centre not found"


class WorkCenterCodeTaken(Conflict):
    """Another work centre has the code."""

    code, title = "work_center_code_taken", "Work centre code taken"


class WorkCenterHoursOverlap(Conflict):
    """Two opening hours of one weekday overlap."""

    code, title = "work_center_hours_overlap", "Hours overlap"


class WorkCenterFull(Conflict):
    """The work centre runs as many work orders as it can; one of them must be finished first."""

    code, title = "work_center_full", "Work centre full"
    extra = CapacityMembers


class RoutingNotFound(NotFound):
    """No such routing in this tenant."""

    code, title = "routing_not_found", "Routing not found"


class RoutingLoop(Conflict):
    """Operations wait for each other in a circle; the detail names them."""

    code, title = "routing_loop", "Operations in a circle"


class ProductionWorkOrderNotFound(NotFound):
    """No such work order of production in this tenant."""

    code, title = "production_work_order_not_found", "Work order not found"


class WorkMoveRefused(Conflict):
    """The work order's state, or its task's, forbids this."""

    code, title = "work_move_refused", "Not in this state"
    extra = WorkMoveMembers


class InputExceeded(Conflict):
    """More units are reported than have come into the operation; `available` says how many may be."""

    code, title = "input_exceeded", "More than came in"
    extra = InputMembers


CONSTRAINTS: dict[str, Problem] = {
    "uq_work_center_tenant_id_code": WorkCenterCodeTaken("A work centre of this code exists."),
    "ex_work_center_hours_overlap": WorkCenterHoursOverlap("Two opening hours of one weekday overlap."),
}
