"""Bodies of alerts."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field

from app.domains.observability.words import AlertStatus, Severity, Source
from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import ContractInput, Instant, Note, NumberOnly, Output
from app.kernel.tx import AnyRow

LONGEST_SILENCE_MINUTES = 30 * 24 * 60


class AlertFilter(PageParams):
    status: AlertStatus | None = None
    source: Source | None = None
    severity: Severity | None = None
    subject: Annotated[
        str | None, Field(min_length=1, max_length=300, description="The object, such as `asset:<id>`.")
    ] = None


class AlertAck(ContractInput):
    note: Note | None = Field(None, examples=["Looking at it"])


class AlertClose(ContractInput):
    note: Note | None = Field(None, examples=["False alarm"])


class AlertSilence(ContractInput):
    """Until a time, or for so many minutes (60 when neither is given), at most 30 days."""

    until: Instant | None = None
    minutes: Annotated[int | None, Field(ge=1, le=LONGEST_SILENCE_MINUTES, examples=[60]), NumberOnly] = None
    note: Note | None = Field(None, examples=["Known, part on order"])


class AlertRead(Output):
    """`detail` repeats `labels` under the name that earlier clients know."""

    id: UUID
    tenant_id: UUID
    source: Source
    key: str = Field(examples=["asset.health"])
    subject: str = Field(examples=["asset:01920000-0000-7000-8000-000000000002"])
    severity: Severity
    status: AlertStatus
    title: str = Field(examples=["UAV-001 is CRITICAL"])
    message: str
    labels: dict[str, Any]
    value: float | None
    policy_id: UUID | None
    rule_id: UUID | None
    runbook_url: str | None
    target: str | None = Field(description="Who was on call when it opened, or was escalated to since.")
    work_ref: str | None = Field(description="The work opened for it, such as `workorder:<id>`.")
    previous_id: UUID | None = Field(description="The alert of the same rule and object before this one.")
    occurrences: int
    last_seen_at: datetime
    suppressed: bool = Field(description="Whether nobody is told of it for now.")
    suppressed_by: str | None = Field(description="Why: `silenced`, or what suppresses it.")
    acked_at: datetime | None
    acked_by: str | None
    silenced_until: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    close_reason: str | None
    detail: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: AnyRow, now: datetime) -> Self:
        fields = dict(row._mapping)  # noqa: SLF001 public API
        by = "silenced" if row.silenced_until and row.silenced_until > now else row.suppressed_by
        by = None if row.status == AlertStatus.CLOSED else by
        return cls.model_validate(
            fields | {"detail": row.labels, "suppressed": by is not None, "suppressed_by": by}
        )
