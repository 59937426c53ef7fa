"""The dashboards: every number is the length of its drill-down, and comes from the history of states."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.domains.manufacturing.dashboard.period import Period, Span, span
from app.domains.manufacturing.orders import completion, lifecycle, service
from app.domains.manufacturing.orders.completion import Final
from app.domains.manufacturing.orders.schemas import TaskCreate
from app.domains.manufacturing.orders.selection import one_for
from app.domains.manufacturing.orders.words import Action, Priority
from app.kernel.tx import WriteTx
from tests.manufacturing.plant import Plant, needs, step
from tests.support.fleet import refused

Working = Callable[..., AbstractContextManager[WriteTx]]
SINCE, UNTIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
MARCH = {"period": "custom", "from": SINCE.isoformat(), "to": UNTIL.isoformat()}


def day(number: float) -> datetime:
    return SINCE + timedelta(days=number)


class Story:
    """Tasks with a past: each state is reached at an instant that the test chooses."""

    def __init__(self, plant: Plant, working: Working) -> None:
        self.plant, self.working = plant, working
        self.product = plant.product()

    def task(self, at: datetime, **fields: Any) -> UUID:
        with self.working(at) as tx:
            product = UUID(self.product["id"])
            return service.create(tx, TaskCreate(product_id=product, qty_planned=10, **fields))

    def act(self, task: UUID, action: Action, at: datetime) -> None:
        with self.working(at) as tx:
            chosen = one_for(tx, action, task)
            if action is Action.COMPLETE:
                completion.complete(tx, chosen, {task: Final(chosen.tasks[0].qty_planned)})
            else:
                getattr(lifecycle, action.value)(tx, chosen, None)

    def live(self, task: UUID, *steps: tuple[Action, float]) -> UUID:
        for action, number in steps:
            self.act(task, action, day(number))
        return task


@pytest.fixture
def told(plant: Plant, working: Working) -> Story:
    """March: two completed (one late), one open and late, one on hold, one draft; one finished before, one came after."""
    story = Story(plant, working)
    a, s, c = Action.APPROVE, Action.START, Action.COMPLETE
    story.live(story.task(day(1), due_at=day(9), department="Sewing"), (a, 2), (s, 3), (c, 5))
    story.live(story.task(day(1), due_at=day(4), priority=Priority.URGENT), (a, 2), (s, 2), (c, 11))
    story.live(story.task(day(3), due_at=day(20), department="Sewing"), (a, 4), (s, 6))
    story.live(story.task(day(3), due_at=day(40)), (a, 4), (Action.HOLD, 6))
    story.task(day(28))
    story.live(story.task(day(-20)), (a, -19), (s, -18), (c, -10))
    story.live(story.task(day(-5)), (Action.CANCEL, 7))
    story.task(day(35))
    return story


def drill(plant: Plant, measure: str, **params: Any) -> list[Any]:
    found: list[Any] = plant.get("/dashboard/tasks", measure=measure, **MARCH | params)
    return found


def test_the_summary_says_how_things_stood_at_the_end_of_the_period(told: Story) -> None:
    summary = told.plant.get("/dashboard/mo-summary", **MARCH)
    assert summary["total"] == 6
    assert summary["by_status"] == {
        "DRAFT": 1,
        "APPROVED": 0,
        "IN_PROGRESS": 1,
        "ON_HOLD": 1,
        "COMPLETED": 2,
        "CANCELLED": 1,
    }
    assert summary["by_priority"] == {"LOW": 0, "NORMAL": 5, "HIGH": 0, "URGENT": 1}
    assert summary["by_department"] == {"Sewing": 2, "UNASSIGNED": 4}


def test_an_earlier_end_shows_the_states_of_then(told: Story) -> None:
    """Not the rows of now: what was in progress on the fourth is completed by today."""
    until = MARCH | {"to": day(4.5).isoformat()}
    by_status = told.plant.get("/dashboard/mo-summary", **until)["by_status"]
    assert (by_status["IN_PROGRESS"], by_status["APPROVED"], by_status["COMPLETED"]) == (2, 2, 0)


def test_every_number_is_the_length_of_its_drill_down(told: Story) -> None:
    plant = told.plant
    for params in ({}, {"department": "Sewing"}, {"priority": "URGENT"}):
        asked = MARCH | params
        summary = plant.get("/dashboard/mo-summary", **asked)
        for status, count in summary["by_status"].items():
            assert len(drill(plant, status.lower(), **params)) == count, (status, params)
        metrics = plant.get("/dashboard/mo-metrics", **asked)
        for measure in ("completed", "pending", "delayed", "on_time"):
            assert len(drill(plant, measure, **params)) == metrics[measure], (measure, params)
        bottlenecks = plant.get("/dashboard/mo-bottlenecks", **asked)
        for measure in ("late_over_24h", "short_of_material"):
            assert len(drill(plant, measure, **params)) == bottlenecks[measure], (measure, params)
        assert sum(row["pending"] for row in bottlenecks["departments"]) == metrics["pending"]
        assert sum(summary["by_status"].values()) == sum(summary["by_priority"].values()) == summary["total"]


def test_the_metrics_are_those_of_the_history(told: Story) -> None:
    metrics = told.plant.get("/dashboard/mo-metrics", **MARCH)
    assert (metrics["completed"], metrics["pending"], metrics["delayed"], metrics["on_time"]) == (2, 3, 2, 1)
    assert metrics["average_completion_hours"] == 7 * 24
    assert metrics["lead_hours_p50"] == 7 * 24
    assert metrics["cycle_hours_p50"] == 5.5 * 24
    assert metrics["on_time_rate"] == 0.5
    assert (metrics["qty_planned"], metrics["qty_good"], metrics["yield_rate"]) == ("20", "20", 1)


def test_touching_a_task_changes_no_number(told: Story) -> None:
    before = told.plant.get("/dashboard/mo-metrics", **MARCH)
    for task in drill(told.plant, "pending"):
        path = f"/api/ppic/tasks/{task['id']}"
        assert told.plant.client.patch(path, json={"priority": "NORMAL"}).status_code == 200
    assert told.plant.get("/dashboard/mo-metrics", **MARCH) == before


def test_bottlenecks_name_what_is_late_and_where(told: Story) -> None:
    found = told.plant.get("/dashboard/mo-bottlenecks", **MARCH)
    (late,) = found["late_tasks"]
    assert (late["department"], late["status"], late["late_hours"]) == ("Sewing", "IN_PROGRESS", 11 * 24)
    sewing = found["departments"][0]
    assert (sewing["department"], sewing["pending"], sewing["late_over_24h"]) == ("Sewing", 1, 1)
    assert sewing["hours_in_state"] == 25 * 24


def test_work_centres_are_ranked_by_the_work_before_them(plant: Plant) -> None:
    busy, calm = plant.center(capacity=2), plant.center()
    product = plant.product(needs(plant.raw(), 1))
    plant.routing(
        product,
        step("A", work_center_id=calm["id"], setup_seconds=1800, run_seconds=180),
        step("B", "A", work_center_id=busy["id"], run_seconds=1440),
    )
    plant.started(product, 10)
    found = plant.get("/dashboard/mo-bottlenecks")
    assert [(row["code"], row["work_hours"], row["queue_hours"]) for row in found["work_centers"]] == [
        (busy["code"], 4, 2),
        (calm["code"], 1, 1),
    ]
    assert found["short_of_material"] == len(plant.get("/dashboard/tasks", measure="short_of_material")) == 1


def test_periods_of_now_are_the_default(plant: Plant) -> None:
    plant.task(plant.product())
    for params in ({}, {"period": "today"}, {"period": "week"}):
        assert plant.get("/dashboard/mo-summary", **params)["total"] == 1
    window = plant.get("/dashboard/mo-summary", period="today")["period"]
    since = datetime.fromisoformat(window["since"])
    assert datetime.fromisoformat(window["until"]) - since == timedelta(days=1)


def test_periods_that_make_no_sense_are_400(plant: Plant) -> None:
    path = "/api/ppic/dashboard/mo-summary"
    for params in (
        {"period": "custom"},
        {"period": "custom", "from": MARCH["to"], "to": MARCH["from"]},
        {"from": MARCH["from"]},
        {"unknown": "1"},
    ):
        refused(plant.client.get(path, params=params), 400)
    refused(plant.client.get(path, params={"period": "year"}), 422)


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    now = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)
    assert span(Period.TODAY, now) == Span(datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC))
    assert span(Period.WEEK, now) == Span(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC))
    assert span(Period.MONTH, datetime(2026, 12, 31, 23, tzinfo=UTC)) == Span(
        datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    )
