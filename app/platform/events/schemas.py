from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field, StringConstraints

from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import Filter, Instant, Output

Ref = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_]*:[!-~]{1,200}$"),
    Query(
        description="An object's name: `<kind>:<id>`.",
        examples=["asset:0192a1b2-0000-7000-8000-000000000001"],
    ),
]
TypePattern = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    Query(description="An event type, or a family such as `asset.*`.", examples=["asset.*"]),
]
Seq = Annotated[int, Query(ge=0, le=2**63 - 1, description="Only events after this place in the log.")]


class EventFilter(PageParams):
    type: TypePattern | None = None
    subject: Ref | None = None
    since_seq: Seq = 0


class StreamFilter(Filter):
    type: TypePattern | None = None
    subject: Ref | None = None
    since_seq: Seq | None = None


class ThreadFilter(PageParams):
    ref: Ref
    as_of: Annotated[
        Instant | None, Query(description="The life of the object up to this instant (RFC 3339).")
    ] = None


class EventTypeRead(Output):
    """One entry of the catalogue."""

    type: str = Field(examples=["asset.registered"])
    description: str
    permission: str = Field(description="What a reader needs.", examples=["assets.read"])
    payload_schema: dict[str, Any] = Field(description="JSON schema of `payload`.")


class Cause(Output):
    """The event that led to another."""

    id: UUID
    seq: int | None
    type: str
    subject: str


class ThreadLine(Output):
    """One moment in the life of an object. `seq` is null for what was committed a moment ago."""

    id: UUID
    seq: int | None
    type: str = Field(examples=["asset.retired"])
    at: datetime
    actor: str
    subject: str
    related: list[str]
    correlation_id: str
    cause: Cause | None = Field(
        description="Null when a request began it, or when the caller may not read it."
    )
    payload: dict[str, Any]
