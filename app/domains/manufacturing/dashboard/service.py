"""What the dashboards show."""

from typing import Any

from app.domains.manufacturing.dashboard import queries
from app.domains.manufacturing.dashboard.period import Period, Span, span
from app.domains.manufacturing.dashboard.schemas import (
    CenterLoad,
    DashboardFilter,
    DashboardWindow,
    DepartmentLoad,
    DrillDown,
    LateTask,
    MoBottlenecks,
    MoMetrics,
    MoSummary,
)
from app.domains.manufacturing.orders.words import Priority, TaskStatus
from app.kernel.problem import BadRequest
from app.kernel.tx import ReadTx


def summary(tx: ReadTx, wanted: DashboardFilter) -> MoSummary:
    """Raises `BadRequest` for a custom period without its ends."""
    bound = values(tx, wanted)
    counts = tx.conn.execute(queries.COUNTS, bound).one()
    by_priority = {row.word: row.tasks for row in tx.all(queries.BY_PRIORITY, bound)}
    return MoSummary(
        period=_window(bound),
        total=counts.total,
        by_status={status: getattr(counts, status.value.lower()) for status in TaskStatus},
        by_priority={word: by_priority.get(word.value, 0) for word in Priority},
        by_department={row.word: row.tasks for row in tx.all(queries.BY_DEPARTMENT, bound)},
    )


def metrics(tx: ReadTx, wanted: DashboardFilter) -> MoMetrics:
    bound = values(tx, wanted)
    counts = tx.conn.execute(queries.COUNTS, bound).one()
    times = tx.conn.execute(queries.TIMES, bound).one()
    made = times.qty_good + times.qty_scrapped
    return MoMetrics(
        **{name: value for name, value in times._mapping.items() if name != "with_due_date"},  # noqa: SLF001
        period=_window(bound),
        completed=counts.completed,
        pending=counts.pending,
        delayed=counts.delayed,
        on_time=counts.on_time,
        on_time_rate=counts.on_time / times.with_due_date if times.with_due_date else None,
        yield_rate=float(times.qty_good / made) if made else None,
    )


def bottlenecks(tx: ReadTx, wanted: DashboardFilter) -> MoBottlenecks:
    bound = values(tx, wanted)
    counts = tx.conn.execute(queries.COUNTS, bound).one()
    return MoBottlenecks(
        period=_window(bound),
        late_over_24h=counts.late_over_24h,
        short_of_material=counts.short_of_material,
        late_tasks=[LateTask.model_validate(row) for row in tx.all(queries.LATE, bound)],
        departments=[DepartmentLoad.model_validate(row) for row in tx.all(queries.DEPARTMENTS, bound)],
        work_centers=[CenterLoad.model_validate(row) for row in tx.all(queries.CENTERS, bound)],
    )


def values(tx: ReadTx, wanted: DashboardFilter | DrillDown) -> dict[str, Any]:
    """What the queries are asked with. Raises `BadRequest`."""
    asked = _span(tx, wanted)
    return {
        "tenant": tx.tenant_id,
        "since": asked.since,
        "until": asked.until,
        "now": tx.now,
        "department": wanted.department,
        "priority": wanted.priority.value if wanted.priority else None,
    }


def _span(tx: ReadTx, wanted: DashboardFilter | DrillDown) -> Span:
    if wanted.period is not Period.CUSTOM:
        if wanted.from_ or wanted.to:
            raise BadRequest("`from` and `to` go with period=custom.")
        return span(wanted.period, tx.now)
    if wanted.from_ is None or wanted.to is None or wanted.from_ >= wanted.to:
        raise BadRequest("period=custom needs `from` and a later `to`.")
    return Span(wanted.from_, wanted.to)


def _window(bound: dict[str, Any]) -> DashboardWindow:
    return DashboardWindow(since=bound["since"], until=bound["until"])
