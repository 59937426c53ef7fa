"""`Idempotency-Key` on POST, after draft-ietf-httpapi-idempotency-key-header-07.

The key is claimed by an insert in the request's own transaction and the answer is stored beside it before the
commit, so key, effect and answer exist together or not at all. A twin in flight waits on the primary key.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db.base import Base
from app.kernel.problem import (
    BadRequest,
    IdempotencyAnswerNotKept,
    IdempotencyInFlight,
    IdempotencyMismatch,
)
from app.kernel.tx import WriteTx

KEPT_FOR = timedelta(hours=24)
LOCK_NOT_AVAILABLE = "55P03"


class IdempotencyKey(Base):
    __tablename__ = "idempotency_key"
    __table_args__ = (
        CheckConstraint("length(key) BETWEEN 1 AND 255", name="key_length"),
        Index("ix_idempotency_key_expiry", "tenant_id", "expires_at"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    principal_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any] | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    status: int
    headers: dict[str, str]
    body: bytes


_CLAIM = """
INSERT INTO idempotency_key (tenant_id, principal_id, key, fingerprint, created_at, expires_at)
VALUES (%(tenant)s, %(principal)s, %(key)s, %(fingerprint)s, %(now)s, %(expires)s)
ON CONFLICT (tenant_id, principal_id, key) DO UPDATE
   SET fingerprint = excluded.fingerprint, created_at = excluded.created_at, expires_at = excluded.expires_at,
       status = NULL, headers = NULL, body = NULL
 WHERE idempotency_key.expires_at <= excluded.created_at
"""
_READ = """
SELECT fingerprint, status, headers, body FROM idempotency_key
WHERE tenant_id = %(tenant)s AND principal_id = %(principal)s AND key = %(key)s
"""
_STORE = """
UPDATE idempotency_key SET status = %(status)s, headers = %(headers)s::jsonb, body = %(body)s
WHERE tenant_id = %(tenant)s AND principal_id = %(principal)s AND key = %(key)s
"""


def fingerprint(method: str, path: str, query: str, body: bytes) -> bytes:
    """SHA-256 over what makes two requests the same request."""
    digest = hashlib.sha256()
    for part in (method.encode(), path.encode(), query.encode(), body):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


def check_key(key: str) -> str:
    if not 1 <= len(key) <= 255 or not key.isprintable():
        raise BadRequest("Idempotency-Key must be 1 to 255 printable characters.")
    return key


def claim(tx: WriteTx, key: str, print_: bytes) -> StoredAnswer | None:
    """Claim the key for this transaction; the earlier answer when there is one.

    Raises `IdempotencyInFlight`, `IdempotencyMismatch` or `IdempotencyAnswerNotKept`.
    """
    names = {"tenant": tx.tenant_id, "principal": tx.principal.id, "key": key}
    try:
        claimed = tx.conn.exec_driver_sql(
            _CLAIM, names | {"fingerprint": print_, "now": tx.now, "expires": tx.now + KEPT_FOR}
        ).rowcount
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            raise IdempotencyInFlight(
                "The first request with this key has not finished.", headers={"Retry-After": "1"}
            ) from error
        raise
    if claimed:
        return None
    row = tx.conn.exec_driver_sql(_READ, names).one()
    if bytes(row.fingerprint) != print_:
        raise IdempotencyMismatch("This Idempotency-Key was used before with another request.")
    if row.body is None:
        raise IdempotencyAnswerNotKept(
            "The request was carried out; its answer held a secret and was not kept."
        )
    return StoredAnswer(row.status, row.headers, bytes(row.body))


def store(tx: WriteTx, key: str, answer: StoredAnswer, *, secret: bool) -> None:
    """Keep the answer beside the key; of a secret answer only that it was given."""
    tx.conn.exec_driver_sql(
        _STORE,
        {
            "tenant": tx.tenant_id,
            "principal": tx.principal.id,
            "key": key,
            "status": answer.status,
            "headers": json.dumps(answer.headers),
            "body": None if secret else answer.body,
        },
    )
