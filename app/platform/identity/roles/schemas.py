"""Bodies of roles, role templates and the permission catalogue."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field, StringConstraints

from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import ContractInput, Name, Note, Output

MAX_PERMISSIONS = 200
PermissionName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
PermissionNames = Annotated[
    list[PermissionName], Field(max_length=MAX_PERMISSIONS, examples=[["assets.read", "maintenance.write"]])
]


class RoleCreate(ContractInput):
    name: Name = Field(examples=["night shift"])
    description: Note | None = None
    permissions: PermissionNames = Field(default_factory=list)


class RolePatch(ContractInput):
    """Only what is sent is changed; `permissions` replaces the whole set."""

    name: Name | None = None
    description: Note | None = None
    permissions: PermissionNames | None = None


class RoleFromTemplate(ContractInput):
    template_key: str = Field(max_length=100, examples=["technician"])
    name: Name | None = Field(None, description="The template's own name when absent.")


class RoleFilter(PageParams):
    name: Annotated[str | None, Query(max_length=100, description="Exactly this name.")] = None


class RoleRead(Output):
    id: UUID
    tenant_id: UUID
    name: str = Field(examples=["night shift"])
    description: str | None
    permissions: list[str] = Field(examples=[["assets.read", "maintenance.write"]])
    version: int
    created_at: datetime
    updated_at: datetime


class RoleTemplateRead(Output):
    key: str = Field(examples=["technician"])
    name: str = Field(examples=["Technician"])
    description: str = Field(examples=["Works on assets."])
    permissions: list[str] = Field(examples=[["assets.read", "maintenance.write"]])


class PermissionRead(Output):
    name: str = Field(examples=["assets.read"])
    description: str = Field(examples=["See assets."])
    also_granted_by: list[str] = Field(description="Older permissions that open the same door.")
