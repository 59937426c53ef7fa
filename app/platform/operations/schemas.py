from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field

from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import Output
from app.platform.operations.models import Status


class Progress(Output):
    """`done` of `total` steps; `total` is null while it is not known."""

    done: int
    total: int | None
    message: str


class OperationRead(Output):
    id: UUID
    kind: str = Field(examples=["backup.run"])
    status: Status
    subject: str | None = Field(
        description="What it works on.", examples=["backup:0192a1b2-0000-7000-8000-000000000001"]
    )
    progress: Progress
    result: dict[str, Any] | None
    problem: dict[str, Any] | None = Field(description="Why it failed, as a problem document (RFC 9457).")
    created_by: str
    cancel_requested: bool
    attempts: int = Field(description="Runs that began; more than one after a failure or a lost worker.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime
    version: int


class OperationFilter(PageParams):
    kind: Annotated[str | None, Query(max_length=200)] = None
    status: Status | None = None
    subject: Annotated[str | None, Query(max_length=300)] = None
