"""Who is asking. The kernel defines the shape; the identity module is the one source of principals."""

from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

from sqlalchemy import Connection

from app.kernel.security.permissions import Permission

SYSTEM_PERMISSIONS = frozenset({"*"})


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in caller, or a job acting for the tenant.

    `id` is the user's id or the API key's; `user_id` is the user behind either (None for jobs).
    """

    tenant_id: UUID
    kind: Literal["user", "api_key", "system", "anonymous"]
    id: UUID
    name: str
    permissions: frozenset[str]
    user_id: UUID | None = None

    @property
    def actor(self) -> str:
        return f"{self.kind}:{self.id}" if self.kind != "system" else f"system:{self.name}"

    def can(self, permission: Permission) -> bool:
        return permission.granted_by(self.permissions)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a credential says of itself after its signature or shape was checked, before any row was read."""

    tenant_id: UUID
    kind: Literal["user", "api_key"]
    subject: UUID
    secret: str = ""


class PrincipalSource(Protocol):
    """Implemented by the identity module and handed to the kernel by the registry."""

    def identify(self, credential: str) -> Claim:
        """Check signature or shape without any I/O; raises `Unauthenticated`."""

    def open(self, conn: Connection, claim: Claim, *, read_only: bool) -> Principal:
        """Bind the transaction to the claim's tenant and load the principal in one round trip.

        Raises `Unauthenticated` when the subject is gone, disabled, revoked or expired.
        """


def system(tenant_id: UUID, name: str) -> Principal:
    """The principal of a job: every permission of one tenant, never of two."""
    return Principal(tenant_id, "system", tenant_id, name, SYSTEM_PERMISSIONS)


def anonymous() -> Principal:
    """Nobody, in no tenant."""
    nobody = UUID(int=0)
    return Principal(nobody, "anonymous", nobody, "anonymous", frozenset())
