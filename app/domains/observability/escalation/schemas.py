"""Bodies of escalation policies."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StrictBool

from app.domains.observability.alerts.matchers import Matchers
from app.kernel.api.schemas import Input, Name, NumberOnly, Output


class ToShift(Input):
    """Give the alert to whoever is on call then, in the shifts of this name or in any."""

    kind: Literal["shift"]
    shift_name: Name | None = Field(None, examples=["Night"])


class ToReceiver(Input):
    """Tell a receiver of notifications."""

    kind: Literal["receiver"]
    receiver_id: UUID


class Step(Input):
    after_minutes: Annotated[int, Field(ge=0, le=10_080, description="Since the alert opened."), NumberOnly]
    target: Annotated[ToShift | ToReceiver, Field(discriminator="kind")]


Steps = Annotated[list[Step], Field(min_length=1, max_length=10)]


class PolicyCreate(Input):
    """Steps stop when the alert is acknowledged or closed, and wait while it is suppressed."""

    name: Name = Field(examples=["Wake somebody"])
    matchers: Matchers = []
    steps: Steps
    is_active: StrictBool = True


class PolicyPatch(Input):
    """Only what is sent changes; alerts that are open keep the steps they began with."""

    name: Name | None = Field(None, examples=["Wake somebody"])
    matchers: Matchers | None = None
    steps: Steps | None = None
    is_active: StrictBool | None = None


class PolicyRead(Output):
    id: UUID
    name: str = Field(examples=["Wake somebody"])
    matchers: list[Any]
    steps: list[Any]
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime
