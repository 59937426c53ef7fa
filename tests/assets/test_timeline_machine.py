"""Everything that can be done to a timeline, in any order, against the model: with the real use cases and tables."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from app.domains.assets.errors import (
    AssetNotGrounded,
    ReservationConflict,
    ReservationEnded,
    WorkOrderTransitionRefused,
)
from app.domains.assets.ledger import reads
from app.domains.assets.ledger import service as ledger
from app.domains.assets.ledger.schemas import (
    AssetCreate,
    AvailabilityStatement,
    Grounding,
    HealthReportCreate,
    PoolFilter,
    Release,
)
from app.domains.assets.reservations import service as reservations
from app.domains.assets.reservations.schemas import ReservationCreate
from app.domains.assets.timeline.jobs import extend_standing_blocks
from app.domains.assets.words import AssetType, Availability, HealthStatus, WorkOrderStatus
from app.domains.assets.work_orders import service as work
from app.domains.assets.work_orders.schemas import WorkOrderClose, WorkOrderCreate, WorkOrderTransition
from app.kernel.ids import new_id
from app.kernel.problem import Problem
from tests.assets.conftest import Working
from tests.assets.timeline_model import Block, ModelAsset, ModelOrder, midnight
from tests.assets.timelines import check_timeline
from tests.support.tenants import Tenant

WHICH = st.sampled_from([0, 0, 0, 1])
SOME = st.integers(0, 50)
UNTIL = st.one_of(st.none(), st.integers(1, 6))
HALF_HOUR = timedelta(minutes=30)


class Timeline(RuleBasedStateMachine):
    working: Working
    raw: psycopg.Connection
    tenant: UUID

    @initialize()
    def begin(self) -> None:
        self.now = datetime(2041, 3, 5, 20, 15, tzinfo=UTC)
        self.model = [ModelAsset(), ModelAsset()]
        self.made: list[tuple[UUID, int, Block]] = []
        self.orders: list[tuple[UUID, ModelOrder, list[Block]]] = []
        with self.working(self.now) as tx:
            self.assets = [
                ledger.register(
                    tx, AssetCreate(asset_type=AssetType.UAV, asset_code=str(new_id()), name="x")
                ).id
                for _ in self.model
            ]

    def do(self, work: Callable[[Any], Any]) -> Any:
        """The result of the use case, or the problem it was refused with."""
        try:
            with self.working(self.now) as tx:
                return work(tx)
        except Problem as problem:
            return problem

    def after(self, half_hours: int | None) -> datetime | None:
        return None if half_hours is None else self.now + half_hours * HALF_HOUR

    def take_down(self, which: int, kind: str, half_hours: int | None, stated: str = "") -> Block:
        until = self.after(half_hours)
        block = Block(kind, self.now, until or midnight(self.now), stated=stated, standing=until is None)
        self.model[which].blocks.append(block)
        return block

    @rule(minutes=st.sampled_from([1, 29, 31, 90, 200]), job=st.booleans())
    def time_passes(self, minutes: int, job: bool) -> None:
        self.now += timedelta(minutes=minutes)
        if job:
            assert self.do(extend_standing_blocks) is None
            for asset in self.model:
                asset.settle(self.now)

    @rule(which=WHICH, start=st.integers(-2, 4), length=st.integers(1, 12))
    def reserve_soon(self, which: int, start: int, length: int) -> None:
        self.reserve(which, start, length)

    @rule(which=WHICH, start=st.integers(4, 20), length=st.integers(1, 6))
    def reserve_later(self, which: int, start: int, length: int) -> None:
        self.reserve(which, start, length)

    def reserve(self, which: int, start: int, length: int) -> None:
        starts = self.now + start * HALF_HOUR
        ends = starts + length * HALF_HOUR
        if ends <= self.now:
            return
        body = ReservationCreate(asset_id=self.assets[which], starts_at=starts, ends_at=ends)
        got = self.do(lambda tx: reservations.reserve(tx, body).id)
        asset = self.model[which]
        before = [(block.active, block.ends) for block in asset.blocks]
        asset.settle(self.now)
        if not asset.free(starts, ends):
            assert isinstance(got, ReservationConflict), got
            free_at = datetime.fromisoformat(str(got.members["next_free_at"]))
            assert asset.free(free_at, free_at + (ends - starts))
            for block, (active, end) in zip(asset.blocks, before, strict=True):
                block.active, block.ends = active, end
            return
        block = Block("RESERVATION", starts, ends)
        asset.blocks.append(block)
        self.made.append((got, which, block))

    @rule(some=SOME)
    def cancel(self, some: int) -> None:
        if not self.made:
            return
        reservation, _, block = self.made[some % len(self.made)]
        got = self.do(lambda tx: reservations.cancel(tx, reservation).id)
        if not block.active or block.ends <= self.now:
            assert isinstance(got, ReservationEnded), got
            return
        assert got == reservation
        block.active = False

    @rule(which=WHICH, word=st.sampled_from(list(Availability)), until=UNTIL)
    def state(self, which: int, word: Availability, until: int | None) -> None:
        body = AvailabilityStatement(availability_status=word, until=self.after(until))
        assert (
            self.do(lambda tx: ledger.state_availability(tx, self.assets[which], body).id)
            == self.assets[which]
        )
        for block in self.model[which].of("MANUAL"):
            block.active = False
        if word is not Availability.AVAILABLE:
            self.take_down(which, "MANUAL", until, stated=word.value)

    @rule(which=WHICH, until=UNTIL)
    def ground(self, which: int, until: int | None) -> None:
        body = Grounding(reason="crack", until=self.after(until))
        assert self.do(lambda tx: ledger.ground(tx, self.assets[which], body).id) == self.assets[which]
        self.take_down(which, "GROUNDING", until)

    @rule(which=WHICH)
    def release(self, which: int) -> None:
        got = self.do(lambda tx: ledger.release(tx, self.assets[which], Release()).id)
        grounded = [block for block in self.model[which].of("GROUNDING") if block.holds(self.now)]
        assert isinstance(got, AssetNotGrounded) if not grounded else got == self.assets[which]
        for block in grounded:
            block.active = False

    @rule(which=WHICH, status=st.sampled_from([HealthStatus.HEALTHY, HealthStatus.CRITICAL]))
    def report_health(self, which: int, status: HealthStatus) -> None:
        body = HealthReportCreate(health_status=status)
        assert self.do(lambda tx: ledger.report_health(tx, self.assets[which], body).id) == self.assets[which]
        self.model[which].critical = status is HealthStatus.CRITICAL

    @rule(which=WHICH, blocks=st.sampled_from([None, True, False]))
    def open_order(self, which: int, blocks: bool | None) -> None:
        body = WorkOrderCreate(asset_id=self.assets[which], title="Inspect", blocks_asset=blocks)
        order = self.do(lambda tx: work.open_order(tx, body).id)
        self.orders.append((order, ModelOrder(which, blocks), []))
        self.follow(len(self.orders) - 1)

    @rule(some=SOME, status=st.sampled_from(["OPEN", "IN_PROGRESS", "IN_PROGRESS", "CANCELED"]))
    def move(self, some: int, status: str) -> None:
        if not self.orders:
            return
        number = some % len(self.orders)
        order, model, _ = self.orders[number]
        body = WorkOrderTransition(status=WorkOrderStatus(status))
        got = self.do(lambda tx: work.move(tx, order, body).id)
        if model.status in {status, "CLOSED", "CANCELED"}:
            assert isinstance(got, WorkOrderTransitionRefused), got
            return
        assert got == order
        model.status = status
        self.follow(number)

    @rule(some=SOME)
    def close(self, some: int) -> None:
        if not self.orders:
            return
        number = some % len(self.orders)
        order, model, _ = self.orders[number]
        got = self.do(lambda tx: work.close(tx, order, WorkOrderClose()).id)
        if model.status in {"CLOSED", "CANCELED"}:
            assert isinstance(got, WorkOrderTransitionRefused), got
            return
        assert got == order
        model.status = "CLOSED"
        self.follow(number)

    def follow(self, number: int) -> None:
        _, model, held = self.orders[number]
        if not model.wants_the_asset():
            for block in held:
                block.active = False
        elif not any(block.active for block in held):
            held.append(self.take_down(model.asset, "MAINTENANCE", None))

    @invariant()
    def all_is_as_it_should_be(self) -> None:
        if hasattr(self, "model"):
            check_timeline(self.raw, self.tenant, self.now)
            self.check_reservations()
            self.check_availability()

    def check_reservations(self) -> None:
        """At risk exactly when broken into."""
        rows = self.raw.execute(
            "SELECT reservation_id, at_risk FROM asset_block WHERE asset_id = ANY (%s) AND kind = 'RESERVATION'"
            " AND active AND ends_at > %s",
            (self.assets, self.now),
        ).fetchall()
        expected = {
            reservation: self.model[which].at_risk(block)
            for reservation, which, block in self.made
            if block.active and block.ends > self.now
        }
        assert dict(rows) == expected

    def check_availability(self) -> None:
        """What the model derives, read three ways."""
        expected = [asset.availability(self.now) for asset in self.model]
        with self.working(self.now) as tx:
            seen = [reads.one(tx, asset).availability_status.value for asset in self.assets]
            then = [reads.one(tx, asset, self.now).availability_status.value for asset in self.assets]
            pool = {row.id for row in reads.pool(tx, PoolFilter(limit=1000)).items}
        assert seen == expected
        assert then == expected
        free = {asset for asset, word in zip(self.assets, expected, strict=True) if word == "AVAILABLE"}
        assert pool & set(self.assets) == free


def test_the_timeline_does_what_the_model_says(
    working: Working, raw: psycopg.Connection, tenant: Tenant
) -> None:
    class Machine(Timeline):
        pass

    Machine.working = staticmethod(working)  # type: ignore[assignment]
    Machine.raw = raw
    Machine.tenant = tenant.id
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Machine,
        settings=settings(
            derandomize=True,
            max_examples=15,
            stateful_step_count=40,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
