from pydantic import BaseModel, Field

from app.kernel.problem import Conflict, NotFound, Problem


class FinishedMembers(BaseModel):
    operation_status: str = Field(examples=["SUCCEEDED"])


class OperationNotFound(NotFound):
    """No such operation in this tenant, or none that the caller may see."""

    code, title = "operation_not_found", "Operation not found"


class OperationFinished(Conflict):
    """The operation has ended already; `operation_status` says how."""

    code, title = "operation_finished", "Operation finished"
    extra = FinishedMembers


class OperationWorkerLost(Problem):
    """The process that ran the operation died, as often as it was tried. What it had committed stays."""

    code, title = "operation_worker_lost", "Worker lost"
