"""Use cases of work centres and routings."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from app.domains.manufacturing.items import service as items
from app.domains.manufacturing.routing.errors import RoutingLoop, RoutingNotFound, WorkCenterNotFound
from app.domains.manufacturing.routing.events import (
    RoutingCreated,
    RoutingRetired,
    WorkCenterChanged,
    WorkCenterCreated,
)
from app.domains.manufacturing.routing.models import Routing, RoutingOperation, WorkCenter, WorkCenterHours
from app.domains.manufacturing.routing.network import order
from app.domains.manufacturing.routing.schemas import (
    OpenHours,
    OperationInput,
    RoutingCreate,
    WorkCenterCreate,
    WorkCenterPatch,
)
from app.kernel.events.envelope import ref
from app.kernel.problem import invalid
from app.kernel.tx import WriteTx


def create_center(tx: WriteTx, data: WorkCenterCreate) -> UUID:
    """The database refuses a taken code and hours that overlap."""
    fields = data.model_dump(exclude={"hours"})
    center = tx.add(WorkCenter(**fields, created_at=tx.now, updated_at=tx.now))
    _set_hours(tx, center.id, data.hours)
    tx.emit(
        WorkCenterCreated(work_center_id=center.id, code=center.code),
        subject=ref("work_center", center.id),
        after=data.model_dump(mode="json"),
    )
    return center.id


def change_center(tx: WriteTx, center_id: UUID, data: WorkCenterPatch) -> None:
    """Raises `WorkCenterNotFound`."""
    center = tx.get(
        select(WorkCenter).where(WorkCenter.id == center_id).with_for_update(), WorkCenterNotFound
    )
    tx.match(center)
    before = {"name": center.name, "department": center.department, "capacity": center.capacity}
    center.name = data.name or center.name
    center.capacity = data.capacity or center.capacity
    if "department" in data.model_fields_set:
        center.department = data.department
    if data.hours is not None:
        _set_hours(tx, center_id, data.hours)
    center.version += 1
    center.updated_at = tx.now
    tx.flush()
    tx.emit(
        WorkCenterChanged(work_center_id=center_id),
        subject=ref("work_center", center_id),
        before=before,
        after=data.model_dump(mode="json", exclude_unset=True),
    )


def create_routing(tx: WriteTx, data: RoutingCreate) -> UUID:
    """Raises `ItemNotFound`, `WorkCenterNotFound`, `RoutingLoop`; 422 for codes that are doubled or unknown."""
    items.get(tx, data.product_id)
    _check_network(data.operations)
    _check_centers(tx, {op.work_center_id for op in data.operations if op.work_center_id})
    _retire_active(tx, data.product_id)
    routing = tx.add(
        Routing(product_id=data.product_id, name=data.name, created_at=tx.now, updated_at=tx.now)
    )
    for position, operation in enumerate(data.operations, 1):
        tx.session.add(
            RoutingOperation(
                tenant_id=tx.tenant_id, routing_id=routing.id, position=position, **operation.model_dump()
            )
        )
    tx.flush()
    tx.emit(
        RoutingCreated(routing_id=routing.id, product_id=data.product_id),
        subject=ref("routing", routing.id),
        related=[ref("item", data.product_id)],
        after=data.model_dump(mode="json"),
    )
    return routing.id


def retire_routing(tx: WriteTx, routing_id: UUID) -> None:
    """New tasks don't follow it any more; those that do, keep it. Raises `RoutingNotFound`."""
    routing = tx.get(select(Routing).where(Routing.id == routing_id).with_for_update(), RoutingNotFound)
    tx.match(routing)
    if routing.is_active:
        _retire(tx, routing)


def _retire_active(tx: WriteTx, product_id: UUID) -> None:
    for routing in tx.objects(
        select(Routing).where(Routing.product_id == product_id, Routing.is_active).with_for_update()
    ):
        _retire(tx, routing)


def _retire(tx: WriteTx, routing: Routing) -> None:
    routing.is_active = False
    routing.version += 1
    routing.updated_at = tx.now
    tx.flush()
    tx.emit(
        RoutingRetired(routing_id=routing.id, product_id=routing.product_id),
        subject=ref("routing", routing.id),
        related=[ref("item", routing.product_id)],
    )


def _check_network(operations: Sequence[OperationInput]) -> None:
    after = {operation.code: operation.after for operation in operations}
    if len(after) < len(operations):
        raise invalid("operations", "doubled", "Two operations have one code.")
    try:
        order(after)
    except KeyError as unknown:
        raise invalid(
            "operations", "unknown_operation", f"There is no operation {unknown.args[0]} to come after."
        ) from None
    except ValueError as loop:
        raise RoutingLoop(f"These operations wait for each other: {loop}.") from None


def _check_centers(tx: WriteTx, wanted: set[UUID]) -> None:
    found = {row.id for row in tx.all(select(WorkCenter.id).where(WorkCenter.id.in_(wanted)))}
    if wanted - found:
        raise WorkCenterNotFound("There is no such work centre.")


def _set_hours(tx: WriteTx, center_id: UUID, hours: Sequence[OpenHours]) -> None:
    tx.execute(delete(WorkCenterHours).where(WorkCenterHours.work_center_id == center_id))
    for window in hours:
        opens, closes = minutes(window.opens), minutes(window.closes)
        if opens >= closes:
            raise invalid("hours", "ends_before_it_begins", "`closes` must be later than `opens`.")
        tx.session.add(
            WorkCenterHours(
                tenant_id=tx.tenant_id,
                work_center_id=center_id,
                weekday=window.weekday,
                opens_minute=opens,
                closes_minute=closes,
            )
        )
    tx.flush()


def minutes(clock: str) -> int:
    """Minutes after midnight of `HH:MM`."""
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def hours_of(rows: Any) -> list[OpenHours]:
    return [
        OpenHours(weekday=row.weekday, opens=clock(row.opens_minute), closes=clock(row.closes_minute))
        for row in rows
    ]
