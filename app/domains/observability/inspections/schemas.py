"""Bodies of inspections."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field

from app.domains.observability.inspections.words import BASELINE, CheckStatus, InspectionStatus, Weight
from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import ContractInput, Input, Instant, Name, Note, Output


class InspectionCreate(ContractInput):
    baseline_version: Name = Field(BASELINE, examples=[BASELINE])


class InspectionFilter(PageParams):
    limit: Annotated[int, Query(ge=1, le=200, description="Rows on this page.")] = 50
    status: InspectionStatus | None = None


class InspectionItemRead(Output):
    """`remediation` is what to do about it; `waived`: somebody accepts it for now, so it raised no alert."""

    check_key: str = Field(examples=["database.row_security"])
    title: str
    severity: Weight
    status: CheckStatus
    message: str
    remediation: str
    waived: bool
    evidence: dict[str, Any] = Field(description="What was looked at; other members for each check.")


class InspectionRead(Output):
    """`score_percent` is (passed + ½ warned) / total · 100; null until the run is completed.

    `score_change`, `new_failures` and `fixed` compare with the completed run before. `not_applicable` names the
    checks that had nothing to look at, with the reason; they don't count.
    """

    id: UUID
    tenant_id: UUID
    baseline_version: str
    status: InspectionStatus
    total_checks: int
    passed_checks: int
    warned_checks: int
    failed_checks: int
    score_percent: float | None
    previous_id: UUID | None
    score_change: float | None
    new_failures: list[str]
    fixed: list[str]
    not_applicable: dict[str, str]
    executed_by: str
    version: int
    created_at: datetime
    completed_at: datetime | None
    items: list[InspectionItemRead]


class CheckRead(Output):
    """One check that inspections carry out. The waiver is null when there is none that holds now."""

    check_key: str
    title: str
    severity: Weight
    remediation: str
    waived_until: datetime | None
    waiver_reason: str | None


class WaiverSet(Input):
    """Accept what a check finds for a while, at most a year. An `expires_at` in the past ends a waiver."""

    reason: Note = Field(examples=["The proxy sets the header; tracked in OPS-12."])
    expires_at: Instant


class WaiverRead(Output):
    id: UUID
    check_key: str
    reason: str
    expires_at: datetime
    created_by: str
    version: int
    created_at: datetime
    updated_at: datetime
