"""The history of tasks: one row for every change of state, many at once."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.domains.manufacturing.orders.models import ProductionTransition
from app.kernel.db.bulk import insert_rows
from app.kernel.ids import new_id
from app.kernel.tx import ReadTx, WriteTx

_COLUMNS = (
    "tenant_id",
    "id",
    "order_id",
    "action",
    "from_status",
    "to_status",
    "quantity",
    "note",
    "actor_id",
    "detail",
    "at",
)


@dataclass(frozen=True, slots=True)
class Step:
    """A change of state of one task."""

    order_id: UUID
    action: str
    from_status: str | None
    to_status: str
    note: str | None = None
    quantity: Decimal | None = None
    detail: dict[str, Any] = field(default_factory=dict)


def write(tx: WriteTx, steps: Iterable[Step]) -> None:
    tx.flush_if_any()
    rows = (
        (
            tx.tenant_id,
            new_id(),
            step.order_id,
            step.action,
            step.from_status,
            step.to_status,
            step.quantity,
            step.note,
            who(tx),
            step.detail,
            tx.now,
        )
        for step in steps
    )
    insert_rows(tx.conn, ProductionTransition.__table__, _COLUMNS, rows)  # type: ignore[arg-type]


def who(tx: ReadTx) -> str:
    return str(tx.principal.user_id or tx.principal.actor)
