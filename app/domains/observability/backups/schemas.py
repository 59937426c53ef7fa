"""Bodies of backups and drills."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field, StringConstraints

from app.domains.observability.backups.models import BackupStatus, DrillStatus, RunType
from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import ContractInput, Input, Name, Output

StorageUri = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class BackupRunCreate(ContractInput):
    """`storage_uri`: `file:` and a folder below the tenant's own part of the backup directory."""

    run_type: RunType = RunType.FULL
    storage_uri: StorageUri | None = Field(None, examples=["file:nightly"])
    is_drill: bool = False
    detail: dict[str, Any] = Field(
        default_factory=dict, description="The caller's own; no fact is taken from it."
    )


class RestoreDrillCreate(ContractInput):
    objective_rto_seconds: float = Field(300, gt=0, le=86_400 * 7)
    detail: dict[str, Any] = Field(default_factory=dict)


class RestoreCreate(Input):
    tenant_name: Name = Field(examples=["Nordwind Survey, restored"])


class RestoreRead(Output):
    """Follow it at `/api/operations/{operation_id}`; its result says what was left out."""

    operation_id: UUID
    backup_run_id: UUID
    tenant_id: UUID
    tenant_name: str


class BackupRunRead(Output):
    id: UUID
    run_type: RunType
    status: BackupStatus
    storage_uri: str | None = Field(examples=["file:nightly/0192a1b2-0000-7000-8000-000000000001"])
    checksum: str | None = Field(description="SHA-256 of the manifest.")
    is_drill: bool
    detail: dict[str, Any]
    triggered_by: str
    operation_id: UUID | None
    parent_id: UUID | None = Field(description="The run it builds on; null: it holds everything.")
    chain_length: int
    schema_revision: str | None
    snapshot_at: datetime | None
    table_count: int | None
    row_count: int | None = Field(description="Rows of the tenant at the snapshot.")
    changed_rows: int | None = Field(description="Rows that this artefact holds.")
    deleted_rows: int | None = Field(description="Rows gone since the parent.")
    size_bytes: int | None
    reason_code: str | None = Field(description="Why it failed.")
    reason: str | None
    completed_at: datetime | None
    bytes_verified_at: datetime | None = Field(description="When every file was last found to be as written.")
    restore_verified_at: datetime | None = Field(description="When it was last restored and found equal.")
    expired_at: datetime | None = Field(description="When retention deleted the artefact.")
    version: int
    created_at: datetime
    updated_at: datetime


class RestoreDrillRead(Output):
    id: UUID
    backup_run_id: UUID
    status: DrillStatus
    objective_rto_seconds: float
    actual_rto_seconds: float | None = Field(description="From the first byte read to a usable database.")
    rpo_seconds: float | None = Field(description="From the backup's snapshot to the start of the drill.")
    table_count: int | None
    row_count: int | None
    reason_code: str | None = Field(description="Why it failed.", examples=["bytes_changed"])
    reason: str | None
    executed_by: str
    detail: dict[str, Any]
    operation_id: UUID | None
    started_at: datetime | None
    completed_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class BackupRunFilter(PageParams):
    status: BackupStatus | None = None
    run_type: RunType | None = None


class RestoreDrillFilter(PageParams):
    status: DrillStatus | None = None
    backup_run_id: Annotated[UUID | None, Query(description="Drills of this run.")] = None
