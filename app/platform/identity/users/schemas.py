"""Bodies of users and their roles."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field, StrictBool

from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import ContractInput, Name, Output
from app.platform.identity.passwords import NewPassword, PasswordInput

MAX_BATCH = 500


class UserCreate(PasswordInput):
    username: Name = Field(examples=["mira"])
    password: NewPassword
    is_active: StrictBool = True


class UserPatch(PasswordInput):
    """Only what is sent is changed."""

    username: Name | None = Field(None, examples=["mira.k"])
    password: NewPassword | None = None
    is_active: StrictBool | None = None


class UserFilter(PageParams):
    username: Annotated[str | None, Query(max_length=100, description="Exactly this name.")] = None
    is_active: bool | None = None


class UserRead(Output):
    id: UUID
    tenant_id: UUID
    username: str = Field(examples=["mira"])
    is_active: bool
    last_sign_in_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class RoleBatch(ContractInput):
    role_ids: list[UUID] = Field(max_length=MAX_BATCH)


class BindResult(Output):
    role_id: UUID
    status: Literal["bound", "already_bound", "not_found"]


class BatchBindRead(Output):
    """`denied_count` is always 0: a role of another tenant is `not_found`, like one that never was."""

    user_id: UUID
    requested_count: int
    bound_count: int
    already_bound_count: int
    denied_count: int
    missing_count: int
    results: list[BindResult]
