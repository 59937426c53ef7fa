"""Opaque secrets: `hgr_<kind>_<tenant>_<id>_<secret>`.

The token names its tenant and its row, so the transaction is bound to the tenant and the row read by its key.
The secret has 256 random bits, which is why a plain SHA-256 of it is enough to store (NIST SP 800-63B §5.1.2.2
asks for slow hashes where a secret can be guessed).
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Literal, cast
from uuid import UUID

Kind = Literal["key", "ref", "ses"]
PREFIX = "hgr_"
_SHAPE = re.compile(r"hgr_(key|ref|ses)_([0-9a-f]{32})_([0-9a-f]{32})_([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Opaque:
    """A secret that was taken apart; nothing about it is proven yet."""

    kind: Kind
    tenant_id: UUID
    row_id: UUID
    secret: str


def issue(kind: Kind, tenant_id: UUID, row_id: UUID) -> tuple[str, bytes]:
    """A new token and the hash to store of it."""
    secret = secrets.token_hex(32)
    return f"{PREFIX}{kind}_{tenant_id.hex}_{row_id.hex}_{secret}", digest(secret)


def parse(token: str) -> Opaque | None:
    """The parts of a token by its shape alone, or None."""
    found = _SHAPE.fullmatch(token)
    if found is None:
        return None
    kind, tenant, row, secret = found.groups()
    return Opaque(cast("Kind", kind), UUID(tenant), UUID(row), secret)


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def matches(secret: str, stored: bytes | None) -> bool:
    """Constant-time comparison with a stored hash; no hash matches nothing."""
    return stored is not None and hmac.compare_digest(digest(secret), bytes(stored))
