"""What can go wrong with lines and hand-overs."""

from uuid import UUID

from pydantic import BaseModel, Field

from app.kernel.problem import Conflict, NotFound, Problem


class LineMembers(BaseModel):
    production_line_id: UUID
    product_id: UUID = Field(description="What is on the line.")


class HandoverMembers(BaseModel):
    current: str = Field(examples=["ACCEPTED"])


class ProductionLineNotFound(NotFound):
    """No such line in this tenant."""

    code, title = "production_line_not_found", "Line not found"


class LineCodeTaken(Conflict):
    """Another line has the code."""

    code, title = "line_code_taken", "Line code taken"


class LineNotClear(Conflict):
    """Another product is on the line; it must be cleared before this one may enter."""

    code, title = "line_not_clear", "Line not clear"
    extra = LineMembers


class LineInUse(Conflict):
    """A task in progress is on the line."""

    code, title = "line_in_use", "Line in use"


class HandoverNotFound(NotFound):
    """No such hand-over in this tenant."""

    code, title = "handover_not_found", "Hand-over not found"


class HandoverPending(Conflict):
    """The task is on its way already; that hand-over must be decided first."""

    code, title = "handover_pending", "Hand-over pending"


class HandoverDecided(Conflict):
    """The hand-over was accepted, rejected or cancelled before."""

    code, title = "handover_decided", "Hand-over decided"
    extra = HandoverMembers


class HandoverBySender(Conflict):
    """Who sends does not accept: somebody of the receiving department does."""

    code, title = "handover_by_sender", "Needs the receiver"


class HandoverImpossible(Conflict):
    """Only a task in progress is handed over, from the department it is in, and no more than it plans."""

    code, title = "handover_impossible", "Can't be handed over"


CONSTRAINTS: dict[str, Problem] = {
    "uq_production_line_tenant_id_code": LineCodeTaken("A line of this code exists."),
    "uq_production_handover_pending": HandoverPending("The task is on its way already."),
}
