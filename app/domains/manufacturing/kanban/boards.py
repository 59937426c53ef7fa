"""Use cases of boards. A board's row is held by whoever makes or moves one of its cards."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from app.domains.manufacturing.kanban.errors import BoardNotFound
from app.domains.manufacturing.kanban.events import BoardCreated, BoardUpdated
from app.domains.manufacturing.kanban.models import KanbanBoard, KanbanLane
from app.domains.manufacturing.kanban.replenishment import resume
from app.domains.manufacturing.kanban.schemas import BoardCreate, BoardPatch
from app.domains.manufacturing.kanban.words import LANES, slug
from app.kernel.events.envelope import ref
from app.kernel.ids import new_id
from app.kernel.problem import invalid
from app.kernel.tx import ReadTx, WriteTx

B, L = KanbanBoard, KanbanLane


def hold_department(tx: WriteTx, department: str) -> KanbanBoard:
    """The department's board, held; it is made with the usual limits when there is none. 422 for a nameless one."""
    found = _held(tx, slug(department))
    if found is not None:
        return found
    if not slug(department):
        raise invalid("department", "no_name", "The name of a department has letters or digits.")
    _make(tx, BoardCreate(department=department))
    made = _held(tx, slug(department))
    if made is None:
        raise BoardNotFound("The board was taken away meanwhile.")
    return made


def create(tx: WriteTx, data: BoardCreate) -> UUID:
    """The database refuses a second board of a department."""
    board = tx.add(
        B(
            department=data.department,
            slug=slug(data.department),
            auto_approve_threshold=data.auto_approve_threshold,
            created_at=tx.now,
            updated_at=tx.now,
        )
    )
    _complete(tx, board.id, data)
    return board.id


def change(tx: WriteTx, board_id: UUID, data: BoardPatch) -> None:
    """A limit below what is there lets no card in until enough have left. Raises `BoardNotFound`."""
    board = tx.get(select(B).where(B.id == board_id).with_for_update(key_share=True), BoardNotFound)
    tx.match(board)
    before = _limits(tx, board)
    for lane in LANES:
        name = f"limit_{lane.value.lower()}"
        if name in data.model_fields_set:
            tx.execute(
                update(L)
                .where(L.board_id == board_id, L.status == lane.value)
                .values(wip_limit=getattr(data, name))
            )
    if "auto_approve_threshold" in data.model_fields_set:
        board.auto_approve_threshold = data.auto_approve_threshold
    board.version += 1
    board.updated_at = tx.now
    tx.flush()
    tx.emit(
        BoardUpdated(board_id=board_id, department=board.department),
        subject=ref("board", board_id),
        before=before,
        after=_limits(tx, board),
    )
    resume(tx, board)


def _held(tx: WriteTx, name: str) -> KanbanBoard | None:
    held = tx.objects(select(B).where(B.slug == name).with_for_update(key_share=True))
    return held[0] if held else None


def _make(tx: WriteTx, data: BoardCreate) -> None:
    """Somebody else may be making it at this moment: then theirs counts."""
    board_id = new_id()
    made = tx.execute(
        insert(B)
        .values(
            tenant_id=tx.tenant_id,
            id=board_id,
            department=data.department,
            slug=slug(data.department),
            created_at=tx.now,
            updated_at=tx.now,
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "slug"])
        .returning(B.id)
    ).first()
    if made is not None:
        _complete(tx, board_id, data)


def _complete(tx: WriteTx, board_id: UUID, data: BoardCreate) -> None:
    for lane in LANES:
        limit = getattr(data, f"limit_{lane.value.lower()}")
        tx.add(L(board_id=board_id, status=lane.value, wip_limit=limit))
    tx.emit(
        BoardCreated(board_id=board_id, department=data.department),
        subject=ref("board", board_id),
        after=data.model_dump(mode="json"),
    )


def _limits(tx: ReadTx, board: KanbanBoard) -> dict[str, Any]:
    rows = tx.all(select(L.status, L.wip_limit).where(L.board_id == board.id))
    threshold = board.auto_approve_threshold
    limits = {f"limit_{row.status.lower()}": row.wip_limit for row in rows}
    return limits | {"auto_approve_threshold": str(threshold) if threshold is not None else None}
