"""What can go wrong with lines and hand-overs."""

from pydantic import BaseModel, Field

from app.kernel.problem import Conflict, NotFound, Problem


class HandoverMembers(BaseModel):
    current: str = Field(examples=["ACCEPTED"])


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
    "uq_production_handover_pending": HandoverPending("The task is on its way already."),
}
