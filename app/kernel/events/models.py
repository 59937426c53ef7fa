"""The tables of the spine.

`event` is insert-only: it is the audit record and the outbox row in one, so the two can't disagree.
`event_seal` gives each event its place and its link in the hash chain, after commit; `event_head` is where the
tenant's chain ends.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db.base import Base, TenantRow

INSERT_ONLY = {"grants": "SELECT, INSERT", "insert_only": True}


class EventRow(TenantRow, Base):
    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_order", "tenant_id", "xid", "id"),
        Index("ix_event_at", "tenant_id", "at", "id"),
        Index("ix_event_actor", "tenant_id", "actor", "at", "id"),
        Index("ix_event_type", "tenant_id", "type", "at", "id"),
        {"info": INSERT_ONLY},
    )

    xid: Mapped[int] = mapped_column(BigInteger, server_default=text("(pg_current_xact_id()::text)::bigint"))
    type: Mapped[str]
    at: Mapped[datetime]
    actor: Mapped[str]
    subject: Mapped[str]
    related: Mapped[list[str]] = mapped_column(ARRAY(Text))
    correlation_id: Mapped[str]
    causation_id: Mapped[UUID | None]
    request_id: Mapped[str]
    payload: Mapped[dict[str, Any]]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]


class EventRef(Base):
    """Which objects an event is about: its subject and everything related. What the thread is read from."""

    __tablename__ = "event_ref"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "event_id"], ["event.tenant_id", "event.id"]),
        {"info": INSERT_ONLY},
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)


class EventSeal(Base):
    """`type` repeats the event's, so that a reader of one type can page by `seq`."""

    __tablename__ = "event_seal"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "event_id"], ["event.tenant_id", "event.id"]),
        UniqueConstraint("tenant_id", "event_id"),
        Index("ix_event_seal_type", "tenant_id", "type", "seq"),
        CheckConstraint("octet_length(hash) = 32", name="hash_is_sha256"),
        {"info": INSERT_ONLY},
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[UUID]
    type: Mapped[str]
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime]


class EventHead(Base):
    __tablename__ = "event_head"
    __table_args__ = ({"info": {"grants": "SELECT, INSERT, UPDATE"}},)

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, default=0)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    xid: Mapped[int] = mapped_column(BigInteger, default=0)
    event_id: Mapped[UUID | None]
