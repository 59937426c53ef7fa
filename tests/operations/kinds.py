"""Long-running work for tests, and a route that starts it and waits for it."""

import time
from typing import Any
from uuid import UUID

from app.kernel.api.deferred import Completion, Deferred, WaitSeconds
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Input, Output
from app.kernel.problem import Conflict
from app.kernel.security.permissions import Permission
from app.kernel.tx import ReadTx, WriteTx
from app.platform import operations
from app.platform.operations import service
from tests.events.spine import Painted

ASSETS_WRITE = Permission("assets.write", "as in the product")


class OutOfPaint(Conflict):
    """There is no paint left."""

    code, title = "out_of_paint", "Out of paint"


def _paint(work: operations.Work, mode: str) -> dict[str, Any] | None:
    if mode == "problem":
        raise OutOfPaint("No red left.", colour="red")
    if mode == "flaky" and work.turn == 1:
        raise RuntimeError("secret detail")
    if mode == "broken":
        raise RuntimeError("secret detail")
    work.write(lambda tx: tx.emit(Painted(colour="red"), subject="asset:1"))
    work.progress(1, 1, "painted")
    return {"colour": "red", "turn": work.turn}


def _hang_once(work: operations.Work) -> dict[str, Any] | None:
    """Hangs in its first turn, so that its worker can be killed; done at once in a later one."""
    work.progress(1, 1, "hanging" if work.turn == 1 else "going on")
    while work.turn == 1:
        time.sleep(0.05)
    return {"turn": work.turn}


PAINT = operations.Kind("test.paint", permission=ASSETS_WRITE, run=_paint, attempts=2)
HANG = operations.Kind("test.hang", permission=ASSETS_WRITE, run=_hang_once, attempts=3)
HANG_FOR_EVER = operations.Kind("test.hang_for_ever", permission=ASSETS_WRITE, run=_hang_once, attempts=1)


class PaintCreate(Input):
    mode: str = "fine"


class PaintRead(Output):
    operation_id: UUID
    status: str


def _read_paint(tx: ReadTx, operation_id: UUID) -> PaintRead:
    return PaintRead(operation_id=operation_id, status=service.read(tx, operation_id).status)


router = Router("/api/test-paints", tags=["Operations"])


@router.post(
    "",
    permission=ASSETS_WRITE,
    status_code=201,
    completion=Completion(operations.is_finished, _read_paint),
)
def create_test_paint(body: PaintCreate, tx: WriteTx, wait_seconds: WaitSeconds = 15) -> Deferred[PaintRead]:
    return Deferred(operations.start(tx, PAINT, subject="asset:1", mode=body.mode), wait_seconds)
