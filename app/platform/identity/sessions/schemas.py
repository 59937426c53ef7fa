"""Bodies of signing in, signing out and being signed in."""

from typing import Literal
from uuid import UUID

from pydantic import AliasChoices, Field

from app.kernel.api.schemas import ContractInput, Output
from app.platform.identity.passwords import GivenPassword, NewPassword, PasswordInput


class DevLogin(PasswordInput):
    tenant_id: str = Field(max_length=100)
    username: str = Field(max_length=100, examples=["mira"])
    password: GivenPassword


class Login(PasswordInput):
    """`tenant` is its name or its id."""

    tenant: str = Field(
        max_length=100,
        validation_alias=AliasChoices("tenant", "tenant_id", "tenant_name"),
        examples=["Nordwind Survey"],
    )
    username: str = Field(max_length=100, examples=["mira"])
    password: GivenPassword


class Refresh(ContractInput):
    refresh_token: str = Field(max_length=300, examples=["hgr_ref_…"])


class PasswordChange(PasswordInput):
    current_password: GivenPassword
    new_password: NewPassword


class DevTokenRead(Output):
    access_token: str = Field(examples=["eyJhbGciOiJIUzI1NiJ9.…"])
    token_type: Literal["bearer"]
    expires_in: int = Field(description="Seconds until the access token expires.", examples=[900])
    permissions: list[str] = Field(examples=[["assets.read", "maintenance.write"]])


class TokenRead(DevTokenRead):
    refresh_token: str = Field(examples=["hgr_ref_…"])


class SignedOut(Output):
    status: Literal["signed_out"]


class PrincipalRead(Output):
    id: UUID
    kind: Literal["user", "api_key"]
    name: str = Field(examples=["mira"])
    tenant_id: UUID
    user_id: UUID


class HeldRole(Output):
    id: UUID
    name: str = Field(examples=["Technician"])


class MeRead(Output):
    principal: PrincipalRead
    roles: list[HeldRole]
    permissions: list[str] = Field(examples=[["assets.read", "maintenance.write"]])
