"""Bodies of the dashboards."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.domains.manufacturing.dashboard.period import Period
from app.domains.manufacturing.orders.schemas import When
from app.domains.manufacturing.orders.words import Priority, TaskStatus
from app.domains.manufacturing.quantities import Exact
from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import Filter, Output

From = Annotated[When | None, Field(alias="from", description="With `period=custom`: the first instant.")]
To = Annotated[When | None, Field(alias="to", description="With `period=custom`: the first instant after.")]
Department = Annotated[str | None, Field(max_length=100)]


class DashboardFilter(Filter):
    """`today`, `week` and `month` are those of now, in UTC. `custom` takes `from` and `to`."""

    period: Period = Period.MONTH
    from_: From = None
    to: To = None
    department: Department = None
    priority: Priority | None = None


class Measure(StrEnum):
    """A number of the dashboards; `GET /api/ppic/dashboard/tasks?measure=…` lists the tasks that it counts."""

    DRAFT = "draft"
    APPROVED = "approved"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    PENDING = "pending"
    DELAYED = "delayed"
    ON_TIME = "on_time"
    LATE_OVER_24H = "late_over_24h"
    SHORT_OF_MATERIAL = "short_of_material"


class DrillDown(PageParams):
    measure: Measure
    period: Period = Period.MONTH
    from_: From = None
    to: To = None
    department: Department = None
    priority: Priority | None = None


class DashboardWindow(Output):
    since: datetime
    until: datetime


class MoSummary(Output):
    """Tasks that were open at some time in the period, by the state they are in at its end (or now)."""

    period: DashboardWindow
    total: int
    by_status: dict[TaskStatus, int] = Field(examples=[{"DRAFT": 1, "IN_PROGRESS": 2}])
    by_priority: dict[Priority, int] = Field(examples=[{"NORMAL": 3}])
    by_department: dict[str, int] = Field(
        examples=[{"Assembly": 3}], description="`UNASSIGNED` for tasks in none."
    )


class MoMetrics(Output):
    """`completed`, `on_time` and the times are of tasks that were completed in the period.

    Lead time runs from drafting to completion, cycle time from the first start. Percentiles are continuous
    (linear interpolation). `on_time_rate` counts those with a due date only; `yield_rate` is good / (good + scrap).
    """

    period: DashboardWindow
    completed: int
    pending: int = Field(description="Neither completed nor cancelled at the end of the period.")
    delayed: int = Field(description="Pending and past due, or completed in the period after the due date.")
    on_time: int
    on_time_rate: float | None
    average_completion_hours: float | None
    lead_hours_p50: float | None
    lead_hours_p95: float | None
    cycle_hours_p50: float | None
    cycle_hours_p95: float | None
    qty_planned: Exact
    qty_good: Exact
    qty_scrapped: Exact
    yield_rate: float | None


class LateTask(Output):
    id: UUID
    number: str
    department: str | None
    priority: Priority
    status: TaskStatus
    due_at: datetime
    late_hours: float


class DepartmentLoad(Output):
    """`hours_in_state`: how long its pending tasks have been in the state they are in, on average."""

    department: str = Field(examples=["Assembly"])
    pending: int
    late_over_24h: int
    short_of_material: int
    hours_in_state: float | None


class CenterLoad(Output):
    """`work_hours`: set-up and run time of what is left of its unfinished work orders. `queue_hours`: / capacity."""

    work_center_id: UUID
    code: str
    department: str | None
    capacity: int
    waiting: int
    running: int
    work_hours: float
    queue_hours: float


class MoBottlenecks(Output):
    """The latest tasks first (at most 100), departments by late tasks, work centres by queue."""

    period: DashboardWindow
    late_over_24h: int
    short_of_material: int
    late_tasks: list[LateTask]
    departments: list[DepartmentLoad]
    work_centers: list[CenterLoad]
