"""What kinds of long-running work there are. A kind is declared once, by the module whose work it is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.kernel.ids import new_id
from app.kernel.jobs.engine import Job, Queue, enqueue
from app.kernel.security.permissions import Permission
from app.kernel.tx import WriteTx
from app.platform.operations.catalogue import declare
from app.platform.operations.events import OperationStarted
from app.platform.operations.models import Operation
from app.platform.operations.run import perform
from app.platform.operations.service import emit

_NOT_BEGUN = {"done": 0, "total": None, "message": ""}


@dataclass(frozen=True, slots=True)
class Kind:
    """`run(work, **args)` does the work and returns the operation's result (a JSON object) or None.

    `permission` lets one see and cancel operations of this kind that others started. `attempts`: how often `run`
    is begun at most, after exceptions and after lost workers. `job` belongs in the module's jobs.
    """

    name: str
    permission: Permission
    run: Callable[..., dict[str, Any] | None]
    queue: Queue = "interactive"
    attempts: int = 3
    job: Job = field(init=False)

    def __post_init__(self) -> None:
        declare(self.name, self.permission)
        if self.attempts < 1:
            raise TypeError(f"operation kind {self.name} needs at least one attempt")

        def run_job(context: Any, operation_id: str, **args: Any) -> None:
            perform(context, operation_id, args, run=self.run, attempts=self.attempts)

        job = Job(self.name, run=run_job, queue=self.queue, attempts=self.attempts, free=True)
        object.__setattr__(self, "job", job)


def start(tx: WriteTx, kind: Kind, *, subject: str | None = None, **args: str | int | bool | None) -> UUID:
    """Store an operation and its job with this transaction; returns the operation's id.

    `args` are handed to the kind's `run`: ids, no contents. `subject` is the ref of what is worked on.
    """
    operation_id = new_id()
    event_id = emit(tx, OperationStarted(kind=kind.name), operation_id, subject)
    job_id = enqueue(tx, kind.job, lock=None, once=None, after=None, operation_id=str(operation_id), **args)
    tx.add(
        Operation(
            id=operation_id,
            kind=kind.name,
            status="PENDING",
            subject=subject,
            progress=_NOT_BEGUN,
            created_by=tx.actor,
            cancel_requested=False,
            job_id=job_id,
            attempts=0,
            correlation_id=tx.origin.correlation_id,
            started_event_id=event_id,
            created_at=tx.now,
            updated_at=tx.now,
        )
    )
    return operation_id
