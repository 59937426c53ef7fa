"""Request and response bodies of the webhook routes."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field, StrictBool, StringConstraints

from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import Input, NumberOnly, Output

Status = Literal["PENDING", "DELIVERED", "DEAD"]
Url = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=8, max_length=2000),
    Field(examples=["https://example.com/hangar"]),
]
Pattern = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        max_length=100,
        pattern=r"^(\*|[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*(\.\*)?)$",
    ),
    Field(examples=["asset.*"], description="An event type, everything below a name (`asset.*`), or `*`."),
]
Patterns = Annotated[list[Pattern], Field(min_length=1, max_length=50)]
Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class WebhookCreate(Input):
    url: Url
    event_types: Patterns
    description: Description = ""
    is_active: StrictBool = True


class WebhookUpdate(Input):
    """Fields that are left out stay as they are. Giving `url` or `event_types` makes the caller the owner."""

    url: Url | None = None
    event_types: Patterns | None = None
    description: Description | None = None
    is_active: StrictBool | None = None


class WebhookRead(Output):
    """`owner` is whose rights decide which events are sent. `failing_since`: nothing but failures since then."""

    id: UUID
    url: str = Field(examples=["https://example.com/hangar"])
    event_types: list[str] = Field(examples=[["asset.*"]])
    description: str
    owner: str = Field(examples=["user:01920000-0000-7000-8000-000000000001"])
    is_active: bool
    disabled_reason: Literal["GONE", "FAILING"] | None
    failing_since: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class WebhookCreated(WebhookRead):
    """The endpoint with its signing secret, which is shown here and never again."""

    secret: str = Field(examples=["whsec_bm90LWEtc2VjcmV0LW5vdC1hLXNlY3JldC1ub3QtYS1z"])


class SecretRotate(Input):
    keep_previous_seconds: Annotated[
        int,
        Field(ge=0, le=604_800, description="How long messages are signed with the secret before, too."),
        NumberOnly,
    ] = 86_400


class SecretRotated(Output):
    """The new signing secret, shown here and never again."""

    secret: str = Field(examples=["whsec_bm90LWEtc2VjcmV0LW5vdC1hLXNlY3JldC1ub3QtYS1z"])
    previous_valid_until: datetime


class WebhookTestQueued(Output):
    """The event of the test; its delivery is listed as soon as the event has its place in the log."""

    event_id: UUID


class WebhookFilter(PageParams):
    is_active: bool | None = None


class DeliveryFilter(PageParams):
    status: Status | None = None
    event_type: Annotated[str | None, Query(max_length=100)] = None
    event_id: UUID | None = None


class AttemptRead(Output):
    """One try. `status_code` is null when no answer came, and `error` then says why."""

    number: int
    at: datetime
    status_code: int | None
    error: str | None
    address: str | None
    duration_ms: int


class DeliveryRead(Output):
    """One event on its way to one endpoint. `message_id` is what the receiver sees as `webhook-id`."""

    id: UUID
    webhook_id: UUID
    message_id: str
    event_id: UUID
    event_type: str = Field(examples=["asset.retired"])
    status: Status
    attempts: int
    next_attempt_at: datetime | None
    last_status_code: int | None
    last_error: str | None
    created_at: datetime
    finished_at: datetime | None


class DeliveryDetail(DeliveryRead):
    attempt_log: list[AttemptRead]


class Redelivered(Output):
    """`remaining`: dead deliveries that are left for another call."""

    requeued: int
    remaining: int
