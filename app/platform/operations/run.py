"""How an operation's work is run by the job: begun, fenced, followed, ended.

Every begin takes the next number in `attempts`. A run whose number is no longer the current one was taken for dead
and replaced; it learns so at its next step and leaves the operation alone.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

import structlog
from sqlalchemy import update

from app.kernel.db.engine import bind
from app.kernel.jobs.engine import JobContext
from app.kernel.problem import InternalError, Problem
from app.kernel.security.principal import system
from app.kernel.tx import Origin, WriteTx
from app.platform.operations import service
from app.platform.operations.errors import OperationWorkerLost
from app.platform.operations.models import UNFINISHED, Operation

log = structlog.get_logger("hangar.operations")
T = TypeVar("T")
_REPORT_EVERY_SECONDS = 0.5


class Canceled(Exception):  # noqa: N818 it is no error
    """Somebody asked for the work to stop. Let it pass; clean up in `finally`."""


class Superseded(Exception):  # noqa: N818 it is no error
    """This run was taken for dead and another one goes on; or the operation has ended."""


@dataclass(slots=True)
class Work:
    """What `run` works with: transactions of the tenant, caused by the request that started the operation."""

    context: JobContext
    operation_id: UUID
    turn: int
    origin: Origin
    _reported: float = field(default=0.0)

    def write(self, work: Callable[[WriteTx], T]) -> T:
        """Run `work` in one transaction and commit it. Its events name the start of the operation as their cause."""
        with self.context.database.connect() as conn, conn.begin():
            principal = system(self.context.tenant_id, self.context.name)
            bind(conn, principal.tenant_id, principal.actor)
            tx = WriteTx(conn, principal, self.origin)
            result = work(tx)
            tx.finish()
            return result

    def progress(self, done: int, total: int | None = None, message: str = "") -> None:
        """Report how far the work is; stored at most twice a second. Raises `Canceled` or `Superseded`."""
        if done != total and time.monotonic() - self._reported < _REPORT_EVERY_SECONDS:
            return
        self._step({"done": done, "total": total, "message": message})

    def check(self) -> None:
        """Raises `Canceled` or `Superseded` when the work must stop."""
        self._step(None)

    def finish(self, tx: WriteTx, result: dict[str, Any] | None = None) -> None:
        """Succeed in the transaction of the last write. Raises `Superseded`."""
        service.succeed(tx, self.own(tx), result)

    def own(self, tx: WriteTx) -> Operation:
        """The operation, locked, if this run is still the one that counts. Raises `Superseded`."""
        operation = service.lock(tx, self.operation_id)
        if operation.attempts != self.turn or operation.status != "RUNNING":
            raise Superseded
        return operation

    def _step(self, progress: dict[str, Any] | None) -> None:
        if self.write(lambda tx: self._store(tx, progress)):
            raise Canceled
        self._reported = time.monotonic()

    def _store(self, tx: WriteTx, progress: dict[str, Any] | None) -> bool:
        changes: dict[str, Any] = {"updated_at": tx.now, "version": Operation.version + 1}
        if progress is not None:
            changes["progress"] = progress
        statement = (
            update(Operation)
            .where(
                Operation.tenant_id == tx.tenant_id,
                Operation.id == self.operation_id,
                Operation.attempts == self.turn,
                Operation.status == "RUNNING",
            )
            .values(changes)
            .returning(Operation.cancel_requested)
        )
        found = tx.execute(statement).first()
        if found is None:
            raise Superseded
        return bool(found.cancel_requested)


def perform(
    context: JobContext,
    operation_id: str,
    args: dict[str, Any],
    *,
    run: Callable[..., dict[str, Any] | None],
    attempts: int,
) -> None:
    """One run of an operation's job. Raises what `run` raised as long as the job is to be tried again."""
    work = context.write(lambda tx: _begin(tx, context, UUID(operation_id), attempts))
    if work is None:
        return
    try:
        result = run(work, **args)
        work.write(lambda tx: _succeed(tx, work, result))
    except Canceled:
        work.write(lambda tx: service.cancel(tx, work.own(tx)))
    except Superseded:
        log.info("operation_superseded", operation_id=operation_id, turn=work.turn)
    except Problem as problem:
        _fail(work, problem)
    except Exception:
        if work.turn >= attempts:
            _fail(work, InternalError(f"The work failed {work.turn} times."))
        raise


def _begin(tx: WriteTx, context: JobContext, operation_id: UUID, attempts: int) -> Work | None:
    """Take the next turn; None when there is nothing to do any more."""
    operation = service.lock(tx, operation_id)
    if operation.status not in UNFINISHED:
        return None
    if operation.cancel_requested:
        service.cancel(tx, operation)
        return None
    if operation.attempts >= attempts:
        service.fail(tx, operation, OperationWorkerLost(f"The worker was lost {operation.attempts} times."))
        return None
    operation.attempts += 1
    operation.status = "RUNNING"
    operation.started_at = operation.started_at or tx.now
    operation.version += 1
    operation.updated_at = tx.now
    tx.flush()
    origin = Origin(context.job_id, operation.correlation_id, operation.started_event_id)
    return Work(context, operation_id, operation.attempts, origin)


def _succeed(tx: WriteTx, work: Work, result: dict[str, Any] | None) -> None:
    """Unless `work.finish` did it already."""
    operation = service.lock(tx, work.operation_id)
    if operation.attempts == work.turn and operation.status == "RUNNING":
        service.succeed(tx, operation, result)


def _fail(work: Work, problem: Problem) -> None:
    try:
        work.write(lambda tx: service.fail(tx, work.own(tx), problem))
    except Superseded:
        log.info("operation_superseded", operation_id=str(work.operation_id), turn=work.turn)
