"""Routes that promise to wait: the handler stores the row and the job and returns; the kernel waits and answers.

    @router.post("/runs", permission=…, status_code=201, completion=Completion(is_finished, read_run))
    def start_run(body: RunCreate, tx: WriteTx, wait_seconds: WaitSeconds = 15) -> Deferred[RunRead]:
        return Deferred(service.start_run(tx, body).operation_id, wait_seconds)

The transaction is committed before the wait, which holds neither a thread nor a connection. When the time is over
first, the answer is the state as it is then. A replay by `Idempotency-Key` waits and reads again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query

from app.kernel.jobs.wait import LONGEST_WAIT_SECONDS
from app.kernel.tx import ReadTx

T = TypeVar("T")

WaitSeconds = Annotated[
    float,
    Query(ge=0, le=LONGEST_WAIT_SECONDS, description="Wait this long for the final state before answering."),
]


@dataclass(frozen=True, slots=True)
class Deferred(Generic[T]):
    """The answer is ready when `key` is announced (see `app.kernel.jobs.wait`), and is given after `seconds` anyway.

    `T` is its model.
    """

    key: UUID
    seconds: float


@dataclass(frozen=True, slots=True)
class Completion:
    """How a route that returns `Deferred` learns that `key` is done, and what it answers then.

    Both run in a read-only transaction of the caller, who is authenticated and authorised anew.
    """

    finished: Callable[[ReadTx, UUID], bool]
    render: Callable[[ReadTx, UUID], Any]
