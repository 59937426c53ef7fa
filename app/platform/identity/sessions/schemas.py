"""Bodies of signing in, signing out and being signed in."""

from typing import Literal
from uuid import UUID

from pydantic import AliasChoices, Field

from app.kernel.api.schemas import ContractInput, Output
from app.platform.identity.passwords import GivenPassword, NewPassword, PasswordInput


class DevLogin(PasswordInput):
    tenant_id: str = Field(max_length=100)
    username: str = Field(max_length=100)
    password: GivenPassword


class Login(PasswordInput):
    """`tenant` is its name or its id."""

    tenant: str = Field(
        max_length=100,
        validation_alias=AliasChoices("tenant", "tenant_id", "tenant_name"),
        examples=["Nordwind Survey"],
    )
    username: str = Field(max_length=100)
    password: GivenPassword


class Refresh(ContractInput):
    refresh_token: str = Field(max_length=300)


class PasswordChange(PasswordInput):
    current_password: GivenPassword
    new_password: NewPassword


class DevTokenRead(Output):
    access_token: str
    token_type: Literal["bearer"]
    expires_in: int = Field(description="Seconds until the access token expires.")
    permissions: list[str]


class TokenRead(DevTokenRead):
    refresh_token: str


class SignedOut(Output):
    status: Literal["signed_out"]


class PrincipalRead(Output):
    id: UUID
    kind: Literal["user", "api_key"]
    name: str
    tenant_id: UUID
    user_id: UUID


class HeldRole(Output):
    id: UUID
    name: str


class MeRead(Output):
    principal: PrincipalRead
    roles: list[HeldRole]
    permissions: list[str]
