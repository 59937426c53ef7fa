"""The unit of work: one request or job is one transaction, and only the kernel's wrappers commit it.

`ReadTx` is read-only in the database too; `WriteTx` adds writing and events. Use cases take one as their first
argument and do everything through it, so a rolled-back transaction leaves nothing behind anywhere.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, Self, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Executable, Row, Select
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from app.kernel.clock import now
from app.kernel.db.base import TenantRow
from app.kernel.db.engine import bind
from app.kernel.events.envelope import Event
from app.kernel.events.outbox import PendingEvent, write
from app.kernel.ids import new_id
from app.kernel.problem import PreconditionFailed, Problem
from app.kernel.security.principal import Principal, anonymous

T = TypeVar("T")
AnySelect = Select[*tuple[Any, ...]]
AnyRow = Row[*tuple[Any, ...]]
Model = TypeVar("Model")


class HasVersion(Protocol):
    version: Any


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a transaction comes from: ties its events to the request and to the event that caused it."""

    request_id: str
    correlation_id: str
    causation_id: UUID | None = None


Subscriber = Callable[["WriteTx", PendingEvent], None]
_SUBSCRIBERS: dict[str, list[Subscriber]] = {}


def subscribe(event_type: str, subscriber: Subscriber) -> None:
    """Run `subscriber` inside every transaction that emits `event_type`. Called by the registry only."""
    existing = _SUBSCRIBERS.setdefault(event_type, [])
    if subscriber not in existing:
        existing.append(subscriber)


@dataclass(slots=True)
class ReadTx:
    """Reading. Statements return rows of columns; ORM objects only through `WriteTx`."""

    conn: Connection
    principal: Principal
    origin: Origin
    now: datetime = field(default_factory=now)

    @property
    def tenant_id(self) -> UUID:
        return self.principal.tenant_id

    @property
    def actor(self) -> str:
        return self.principal.actor

    def all(self, statement: AnySelect, params: dict[str, Any] | None = None) -> Sequence[AnyRow]:
        return self.conn.execute(statement, params).all()

    def first(self, statement: AnySelect, params: dict[str, Any] | None = None) -> AnyRow | None:
        return self.conn.execute(statement, params).first()

    def one(
        self, statement: AnySelect, or_raise: type[Problem] | Problem, params: dict[str, Any] | None = None
    ) -> AnyRow:
        """The single row, or the given problem (a class is raised without detail)."""
        row = self.conn.execute(statement, params).first()
        if row is None:
            raise or_raise
        return row

    def scalar(self, statement: Select[T], params: dict[str, Any] | None = None) -> T | None:
        value: T | None = self.conn.execute(statement, params).scalar()
        return value


@dataclass(slots=True)
class WriteTx(ReadTx):
    """Writing: ORM objects, statements, and events that are stored with them."""

    if_match: str | None = None
    _session: Session | None = None
    _events: list[PendingEvent] = field(default_factory=list)
    _cause: UUID | None = None

    @property
    def session(self) -> Session:
        if self._session is None:
            self._session = Session(
                bind=self.conn, autoflush=False, expire_on_commit=False, join_transaction_mode="rollback_only"
            )
        return self._session

    def add(self, row: Model) -> Model:
        """Store a new object of the bound tenant now, so that a broken constraint is raised here."""
        if isinstance(row, TenantRow):
            row.tenant_id = self.tenant_id
        self.session.add(row)
        self.session.flush()
        return row

    def flush(self) -> None:
        self.session.flush()

    def get(
        self,
        statement: Select[Model],
        or_raise: type[Problem] | Problem,
        params: dict[str, Any] | None = None,
    ) -> Model:
        """One ORM object (usually `… .with_for_update()`), or the given problem."""
        found = self.session.execute(statement, params).scalars().first()
        if found is None:
            raise or_raise
        return found

    def objects(self, statement: Select[Model], params: dict[str, Any] | None = None) -> Sequence[Model]:
        return self.session.execute(statement, params).scalars().all()

    def execute(self, statement: Executable, params: Any = None) -> CursorResult[Any]:
        self.flush_if_any()
        result: CursorResult[Any] = self.conn.execute(statement, params)
        return result

    def flush_if_any(self) -> None:
        if self._session is not None:
            self._session.flush()

    def match(self, row: HasVersion) -> None:
        """Check `If-Match` against a row that is locked; raises `PreconditionFailed` (RFC 9110 §13.1.1)."""
        if self.if_match is None or self.if_match == "*":
            return
        tags = {tag.strip() for tag in self.if_match.split(",")}
        if f'"{row.version}"' not in tags:
            raise PreconditionFailed(
                f"The current version is {row.version}.", current_version=int(row.version)
            )

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What fails inside is undone alone, events included."""
        mark = len(self._events)
        self.flush_if_any()
        try:
            with self.session.begin_nested():
                # The session sends SAVEPOINT when it first uses the connection: now, for what goes past it too.
                self.session.connection()
                yield
        except BaseException:
            del self._events[mark:]
            raise

    def emit(
        self,
        event: Event,
        *,
        subject: str,
        related: Sequence[str] = (),
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> UUID:
        """Record what happened. Subscribers of this type run now, in this transaction; returns the event's id."""
        pending = PendingEvent(
            id=new_id(),
            type=event.event_type,
            at=self.now,
            actor=self.actor,
            subject=subject,
            related=[r for r in dict.fromkeys(related) if r != subject],
            correlation_id=self.origin.correlation_id,
            causation_id=self._cause or self.origin.causation_id,
            request_id=self.origin.request_id,
            payload=event.model_dump(mode="json"),
            before=before,
            after=after,
        )
        self._events.append(pending)
        with self.because(pending.id):
            for subscriber in _SUBSCRIBERS.get(pending.type, ()):
                subscriber(self, pending)
        return pending.id

    @contextmanager
    def because(self, cause: UUID) -> Iterator[None]:
        """Events emitted inside name `cause` (an event's id) as what they follow from."""
        outer, self._cause = self._cause, cause
        try:
            yield
        finally:
            self._cause = outer

    def finish(self) -> None:
        """Write what is still pending. For the wrappers that commit, just before they do."""
        self.flush_if_any()
        if self._events:
            write(self.conn, self.tenant_id, self._events)
            self._events.clear()


@dataclass(slots=True)
class AnonymousTx(WriteTx):
    """The transaction of a public route: bound to no tenant, so RLS shows it nothing, until it enters one."""

    @classmethod
    def begin(cls, conn: Connection, origin: Origin) -> Self:
        return cls(conn, anonymous(), origin)

    def enter(self, principal: Principal) -> None:
        """Go on as this principal. Only for code that has just proved who the caller is."""
        bind(self.conn, principal.tenant_id, principal.actor)
        self.principal = principal
