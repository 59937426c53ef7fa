"""Who is asking: from a credential to a principal, in one round trip.

`identity_open` binds the transaction and reads user, stamp and credential at once. The permission set is kept in
the process under (tenant, user, stamp). Everything that changes what a user may do raises the stamp in the same
transaction, so an outdated set has a key that nobody asks for any more.
"""

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from app.kernel.clock import now
from app.kernel.problem import Unauthenticated
from app.kernel.security.principal import Claim, Principal
from app.platform.identity import secrets
from app.platform.identity.catalogue import common
from app.platform.identity.secrets import Opaque
from app.platform.identity.tokens import Keyring
from app.settings import Settings, get_settings

CACHED_SETS = 20_000
NO_SESSION = UUID(int=0)
REFUSED = "The credential is unknown, expired or revoked."

_OPEN = "SELECT * FROM identity_open(%(tenant)s, %(read_only)s, %(kind)s, %(id)s)"
_PERMISSIONS = """
SELECT DISTINCT p.name FROM identity_user_role b
JOIN identity_role r ON r.tenant_id = b.tenant_id AND r.id = b.role_id
CROSS JOIN unnest(r.permissions) AS p(name)
WHERE b.tenant_id = %(tenant)s AND b.user_id = %(user)s
"""


@dataclass(frozen=True, slots=True)
class SessionClaim(Claim):
    """A user's claim through a session: an access token (no secret) or a page cookie (with one)."""

    session_id: UUID = NO_SESSION


@dataclass(frozen=True, slots=True)
class UserPrincipal(Principal):
    """A user who signed in; `session_id` is the session to end at sign-out."""

    session_id: UUID = NO_SESSION


def cookie_claim(opaque: Opaque) -> SessionClaim:
    return SessionClaim(opaque.tenant_id, "user", opaque.row_id, opaque.secret, opaque.row_id)


class PermissionSets:
    """Permission sets of users, least recently used out first. Never outdated: see the module's docstring."""

    def __init__(self, size: int = CACHED_SETS) -> None:
        self._size = size
        self._sets: OrderedDict[tuple[UUID, UUID, int], frozenset[str]] = OrderedDict()
        self._lock = Lock()

    def get(self, conn: Connection, tenant_id: UUID, user_id: UUID, stamp: int) -> frozenset[str]:
        key = (tenant_id, user_id, stamp)
        with self._lock:
            found = self._sets.get(key)
            if found is not None:
                self._sets.move_to_end(key)
                return found
        loaded = load_permissions(conn, tenant_id, user_id)
        with self._lock:
            self._sets[key] = loaded
            while len(self._sets) > self._size:
                self._sets.popitem(last=False)
        return loaded


def load_permissions(conn: Connection, tenant_id: UUID, user_id: UUID) -> frozenset[str]:
    """The union of the permissions of a user's roles."""
    rows = conn.exec_driver_sql(_PERMISSIONS, {"tenant": tenant_id, "user": user_id})
    return frozenset(row.name for row in rows)


class IdentityPrincipals:
    """The kernel's `PrincipalSource`."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings
        self._sets = PermissionSets()

    @cached_property
    def keyring(self) -> Keyring:
        return Keyring(self._settings or get_settings())

    def identify(self, credential: str) -> Claim:
        if not credential.startswith(secrets.PREFIX):
            claims = self.keyring.read(credential)
            return SessionClaim(claims.tenant_id, "user", claims.user_id, session_id=claims.session_id)
        opaque = secrets.parse(credential)
        if opaque is None:
            raise Unauthenticated("The credential can't be read.")
        if opaque.kind == "ref":
            raise Unauthenticated("A refresh token is only good for /api/identity/refresh.")
        if opaque.kind == "ses":
            return cookie_claim(opaque)
        return Claim(opaque.tenant_id, "api_key", opaque.row_id, opaque.secret)

    def open(self, conn: Connection, claim: Claim, *, read_only: bool) -> Principal:
        row = read_claim(conn, claim, read_only=read_only)
        held = self._sets.get(conn, claim.tenant_id, row.user_id, row.stamp)
        if isinstance(claim, SessionClaim):
            return signed_in(claim, row, held)
        allowed = common(frozenset(row.scopes), held)
        return Principal(claim.tenant_id, "api_key", claim.subject, row.username, allowed, row.user_id)


def read_claim(conn: Connection, claim: Claim, *, read_only: bool) -> Row[Any]:
    """Bind the transaction and read what the claim is about. Raises `Unauthenticated` unless it is proven."""
    session = claim if isinstance(claim, SessionClaim) else None
    row = conn.exec_driver_sql(
        _OPEN,
        {
            "tenant": claim.tenant_id,
            "read_only": read_only,
            "kind": "session" if session else "api_key",
            "id": session.session_id if session else claim.subject,
        },
    ).first()
    if row is None or not _proven(claim, row):
        raise Unauthenticated(REFUSED)
    return row


def signed_in(claim: SessionClaim, row: Row[Any], held: frozenset[str]) -> UserPrincipal:
    user_id: UUID = row.user_id
    return UserPrincipal(claim.tenant_id, "user", user_id, row.username, held, user_id, claim.session_id)


def _proven(claim: Claim, row: Row[Any]) -> bool:
    """Whether the credential is good: right secret or right user, not revoked, not expired, user enabled."""
    if claim.secret:
        genuine = secrets.matches(claim.secret, row.secret_hash)
    else:
        genuine = claim.kind == "user" and row.user_id == claim.subject and row.secret_hash is None
    current = row.revoked_at is None and (row.expires_at is None or row.expires_at > now())
    return genuine and current and bool(row.is_active)
