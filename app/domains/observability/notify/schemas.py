"""Bodies of receivers, routes and deliveries."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, SecretStr, StrictBool, StringConstraints

from app.domains.observability.alerts.matchers import Matchers
from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import Input, Name, NumberOnly, Output

Url = Annotated[str, StringConstraints(strip_whitespace=True, min_length=8, max_length=2000)]
Address = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r'^[^@\s,;<>"]+@[^@\s,;<>"]+$', max_length=254)
]
Label = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z_][a-zA-Z0-9_.]*$", max_length=100)]


class WebhookTarget(Input):
    """Signed by the Standard Webhooks specification; the secret is made here and shown once."""

    kind: Literal["webhook"]
    url: Url = Field(examples=["https://example.com/alerts"])


class EmailTarget(Input):
    kind: Literal["email"]
    to: Annotated[list[Address], Field(min_length=1, max_length=20)] = Field(examples=[["ana@example.com"]])


class AlertmanagerTarget(Input):
    """Alertmanager's webhook, version 4, for everything that takes one."""

    kind: Literal["alertmanager"]
    url: Url = Field(examples=["https://example.com/alertmanager-webhook"])
    bearer_token: Annotated[SecretStr, Field(max_length=1000)] | None = None


Target = Annotated[WebhookTarget | EmailTarget | AlertmanagerTarget, Field(discriminator="kind")]


class ReceiverCreate(Input):
    name: Name = Field(examples=["Team on duty"])
    is_active: StrictBool = True
    target: Target


class ReceiverPatch(Input):
    """Only what is sent changes. A new webhook target keeps its secret; other kinds start anew."""

    name: Name | None = Field(None, examples=["Team on duty"])
    is_active: StrictBool | None = None
    target: Target | None = None


class ReceiverRead(Output):
    id: UUID
    name: str = Field(examples=["Team on duty"])
    kind: str
    is_active: bool
    config: dict[str, Any] = Field(description="Where to, without secrets.")
    version: int
    created_at: datetime
    updated_at: datetime


class ReceiverCreated(ReceiverRead):
    secret: str | None = Field(description="The signing secret of a webhook; never shown again.")


class RouteCreate(Input):
    """An alert that all matchers fit goes to the receiver, together with those of equal `group_by` labels."""

    receiver_id: UUID
    position: Annotated[int, Field(ge=0, le=10_000, description="Asked in this order."), NumberOnly] = 100
    matchers: Matchers = []
    group_by: Annotated[list[Label], Field(max_length=10)] = Field(["key"], examples=[["source", "key"]])
    group_wait_seconds: Annotated[int, Field(ge=0, le=3600), NumberOnly] = 30
    group_interval_seconds: Annotated[int, Field(ge=1, le=86_400), NumberOnly] = 300
    repeat_interval_seconds: Annotated[int, Field(ge=60, le=2_592_000), NumberOnly] = 14_400
    send_resolved: StrictBool = True
    goes_on: StrictBool = Field(False, description="Ask the routes after this one too.")
    is_active: StrictBool = True


class RoutePatch(Input):
    """Only what is sent changes; alerts that were routed stay where they are."""

    receiver_id: UUID | None = None
    position: Annotated[int, Field(ge=0, le=10_000), NumberOnly] | None = None
    matchers: Matchers | None = None
    group_by: Annotated[list[Label], Field(max_length=10)] | None = None
    group_wait_seconds: Annotated[int, Field(ge=0, le=3600), NumberOnly] | None = None
    group_interval_seconds: Annotated[int, Field(ge=1, le=86_400), NumberOnly] | None = None
    repeat_interval_seconds: Annotated[int, Field(ge=60, le=2_592_000), NumberOnly] | None = None
    send_resolved: StrictBool | None = None
    goes_on: StrictBool | None = None
    is_active: StrictBool | None = None


class RouteRead(Output):
    id: UUID
    receiver_id: UUID
    position: int
    matchers: list[Any]
    group_by: list[Any]
    group_wait_seconds: int
    group_interval_seconds: int
    repeat_interval_seconds: int
    send_resolved: bool
    goes_on: bool
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime


class NotificationFilter(PageParams):
    status: Literal["PENDING", "DELIVERED", "DEAD"] | None = None
    receiver_id: UUID | None = None


class NotificationRead(Output):
    id: UUID
    receiver_id: UUID
    reason: str = Field(description="group, escalation or test.")
    status: str
    attempts: int
    next_attempt_at: datetime | None
    last_status_code: int | None
    last_error: str | None
    payload: dict[str, Any]
    created_at: datetime
    finished_at: datetime | None
