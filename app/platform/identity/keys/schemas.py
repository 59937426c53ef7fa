"""Bodies of API keys."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field

from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import ContractInput, Instant, Name, Output
from app.platform.identity.roles.schemas import MAX_PERMISSIONS, PermissionName


class ApiKeyCreate(ContractInput):
    name: Name = Field(examples=["telemetry gateway"])
    scopes: list[PermissionName] = Field(
        min_length=1, max_length=MAX_PERMISSIONS, examples=[["telemetry.write"]]
    )
    expires_at: Instant | None = Field(None, description="In the future; never when absent.")
    user_id: UUID | None = Field(None, description="Whom the key acts for; the caller when absent.")


class ApiKeyFilter(PageParams):
    user_id: Annotated[UUID | None, Query(description="Keys that act for this user.")] = None


class ApiKeyRead(Output):
    """What the key may do is `scopes`, as far as its user holds them at that moment."""

    id: UUID
    tenant_id: UUID
    name: str = Field(examples=["telemetry gateway"])
    user_id: UUID
    scopes: list[str] = Field(examples=[["telemetry.write"]])
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute.")
    created_at: datetime


class ApiKeyMade(ApiKeyRead):
    secret: str = Field(
        examples=["hgr_key_…"], description="The key itself. Shown this once and never again."
    )
