"""Bodies of tenants and bootstrap."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.kernel.api.schemas import ContractInput, Name, Output
from app.platform.identity.passwords import NewPassword, PasswordInput


class TenantCreate(ContractInput):
    name: Name = Field(examples=["Nordwind Survey"])


class TenantRead(Output):
    id: UUID
    name: str = Field(examples=["Nordwind Survey"])
    created_at: datetime


class AdministratorCreate(PasswordInput):
    tenant_id: str = Field(max_length=100)
    username: Name = Field(examples=["admin"])
    password: NewPassword
