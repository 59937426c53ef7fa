"""Everything that can be done to stock, in any order, against a model that only adds and subtracts."""

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from app.domains.manufacturing.alerts import service as thresholds
from app.domains.manufacturing.alerts.schemas import StockThresholdCreate
from app.domains.manufacturing.items import service as items
from app.domains.manufacturing.items.schemas import ItemCreate
from app.domains.manufacturing.stock.errors import (
    InsufficientStock,
    MoveReversed,
    NothingToReturn,
)
from app.domains.manufacturing.stock.ledger import service as ledger
from app.domains.manufacturing.stock.ledger.schemas import MoveCreate, MoveReverse, StockCount
from app.domains.manufacturing.stock.locations import service as locations
from app.domains.manufacturing.stock.locations.schemas import LocationCreate
from app.domains.manufacturing.stock.reservations import giving, keeping
from app.domains.manufacturing.stock.reservations.words import Line
from app.domains.manufacturing.words import ItemType, LocationKind, MoveType, Tracking
from app.kernel.ids import new_id
from app.kernel.problem import Problem
from tests.assets.conftest import Working
from tests.support.tenants import Tenant

Place = tuple[int, int]
"""Which item, which location."""

WHICH = st.integers(0, 1)
WHERE = st.integers(0, 1)
DEMAND = st.integers(0, 1)
AMOUNT = st.sampled_from([Decimal(n) for n in ("0.000000001", "0.5", "1", "2", "3", "7")])
SOME = st.integers(0, 50)

_SUMS = """
WITH entry AS (
    SELECT item_id, to_location_id AS place, quantity FROM stock_move WHERE tenant_id = %(tenant)s
    UNION ALL SELECT item_id, from_location_id, -quantity FROM stock_move WHERE tenant_id = %(tenant)s
)
SELECT item_id, place, sum(quantity) FROM entry GROUP BY 1, 2
"""
_BALANCES = """
SELECT item_id, location_id, sum(on_hand - owed), sum(on_hand), sum(reserved), sum(owed)
FROM stock_balance WHERE tenant_id = %(tenant)s GROUP BY 1, 2
"""
_KEPT = (
    "SELECT demand_ref, item_id, sum(open) FROM stock_reservation WHERE tenant_id = %(tenant)s GROUP BY 1, 2"
)
_DEBTS = """
SELECT b.item_id, b.location_id, sum(d.quantity - d.settled) FROM stock_debt d
JOIN stock_balance b ON b.tenant_id = d.tenant_id AND b.id = d.balance_id
WHERE d.tenant_id = %(tenant)s GROUP BY 1, 2
"""


class Stock(RuleBasedStateMachine):
    working: Working
    raw: psycopg.Connection
    tenant: UUID

    @initialize()
    def begin(self) -> None:
        self.on_hand: dict[Place, Decimal] = defaultdict(Decimal)
        self.owed: dict[Place, Decimal] = defaultdict(Decimal)
        self.reserved: dict[Place, Decimal] = defaultdict(Decimal)
        self.kept: dict[Place, Decimal] = defaultdict(Decimal)
        self.issued: dict[Place, Decimal] = defaultdict(Decimal)
        self.moves: list[tuple[UUID, Place | None, Place | None, Decimal]] = []
        self.reversed: set[UUID] = set()
        with self.working() as tx:
            self.items = [
                items.create(
                    tx,
                    ItemCreate(
                        code=str(new_id()), name="x", item_type=ItemType.RAW, uom="m", tracking=tracking
                    ),
                ).id
                for tracking in (Tracking.NONE, Tracking.LOT)
            ]
            self.places = [locations.create(tx, LocationCreate(code=str(new_id()))).id for _ in range(2)]
            for item_id in self.items:
                thresholds.create(
                    tx, StockThresholdCreate(item_id=item_id, minimum=Decimal(3), clear_level=Decimal(6))
                )
            self.supplier = locations.standard(tx, LocationKind.SUPPLIER).id
        self.demands = [f"order:{new_id()}", f"order:{new_id()}"]

    def do(self, work: Callable[[Any], Any]) -> Any:
        """The result of the use case, or the problem it was refused with."""
        try:
            with self.working() as tx:
                return work(tx)
        except Problem as problem:
            return problem

    def move(self, which: int, **fields: Any) -> Any:
        body = MoveCreate(item_id=self.items[which], lot_code="L" if which else None, **fields)
        return self.do(lambda tx: ledger.move(tx, body))

    def put(self, place: Place, amount: Decimal) -> None:
        pays = min(self.owed[place], amount)
        self.owed[place] -= pays
        self.on_hand[place] += amount - pays

    def free(self, place: Place) -> Decimal:
        return self.on_hand[place] - self.reserved[place]

    @rule(which=WHICH, where=WHERE, amount=AMOUNT)
    def receive(self, which: int, where: int, amount: Decimal) -> None:
        got = self.move(which, move_type=MoveType.RECEIVE, quantity=amount, to_location_id=self.places[where])
        assert isinstance(got, UUID), got
        self.put((which, where), amount)
        self.moves.append((got, None, (which, where), amount))

    @rule(which=WHICH, where=WHERE, amount=AMOUNT, approved=st.booleans())
    def issue_plainly(self, which: int, where: int, amount: Decimal, approved: bool) -> None:
        place = (which, where)
        if which and not any(where_to == (1, n) for n in (0, 1) for _, _, where_to, _ in self.moves):
            return
        got = self.move(
            which,
            move_type=MoveType.ISSUE,
            quantity=amount,
            from_location_id=self.places[where],
            approve_negative=approved,
            reason="needed",
        )
        missing = max(amount - self.free(place), Decimal(0))
        if missing and not approved:
            assert isinstance(got, InsufficientStock), got
            return
        assert isinstance(got, UUID), got
        self.on_hand[place] -= amount - missing
        self.owed[place] += missing
        self.moves.append((got, place, None, amount))

    @rule(which=WHICH, where=WHERE, amount=AMOUNT)
    def transfer(self, which: int, where: int, amount: Decimal) -> None:
        source, target = (which, where), (which, 1 - where)
        if which and not self.on_hand[1, 0] + self.on_hand[1, 1]:
            return
        got = self.move(
            which,
            move_type=MoveType.TRANSFER,
            quantity=amount,
            from_location_id=self.places[where],
            to_location_id=self.places[1 - where],
        )
        if amount > self.free(source):
            assert isinstance(got, InsufficientStock), got
            return
        assert isinstance(got, UUID), got
        self.on_hand[source] -= amount
        self.put(target, amount)
        self.moves.append((got, source, target, amount))

    @rule(where=WHERE, amount=AMOUNT)
    def count(self, where: int, amount: Decimal) -> None:
        place = (0, where)
        body = StockCount(
            item_id=self.items[0], location_id=self.places[where], counted_quantity=amount, reason="count"
        )
        got = self.do(lambda tx: ledger.count(tx, body))
        change = amount - (self.on_hand[place] - self.owed[place])
        if -change > self.free(place):
            assert isinstance(got, InsufficientStock), got
            return
        assert got is None, got
        if change > 0:
            self.put(place, change)
        else:
            self.on_hand[place] += change

    @rule(some=SOME)
    def reverse(self, some: int) -> None:
        if not self.moves:
            return
        move_id, source, target, amount = self.moves[some % len(self.moves)]
        got = self.do(lambda tx: ledger.reverse(tx, move_id, MoveReverse(reason="wrong")))
        if move_id in self.reversed:
            assert isinstance(got, MoveReversed), got
            return
        if target is not None and amount > self.free(target):
            assert isinstance(got, InsufficientStock), got
            return
        assert isinstance(got, UUID), got
        self.reversed.add(move_id)
        if target is not None:
            self.on_hand[target] -= amount
        if source is not None:
            self.put(source, amount)

    @rule(demand=DEMAND, which=WHICH, amount=AMOUNT)
    def reserve(self, demand: int, which: int, amount: Decimal) -> None:
        got = self.do(lambda tx: keeping.reserve(tx, self.demands[demand], [Line(self.items[which], amount)]))
        free = self.free((which, 0)) + self.free((which, 1))
        kept = sum((a.quantity for a in got.allocations), Decimal(0))
        assert kept == min(amount, free)
        assert [s.requested - s.allocated for s in got.shortages] == [amount - kept] * (kept < amount)
        for a in got.allocations:
            self.reserved[which, self.places.index(a.location_id)] += a.quantity
        self.kept[demand, which] += kept

    @rule(demand=DEMAND, which=WHICH, amount=AMOUNT)
    def issue(self, demand: int, which: int, amount: Decimal) -> None:
        got = self.do(lambda tx: giving.issue(tx, self.demands[demand], [Line(self.items[which], amount)]))
        free = self.free((which, 0)) + self.free((which, 1))
        if amount > self.kept[demand, which] + free:
            assert isinstance(got, InsufficientStock), got
            return
        assert sum(a.quantity for a in got) == amount
        from_kept = min(amount, self.kept[demand, which])
        for a in got:
            place = (which, self.places.index(a.location_id))
            self.on_hand[place] -= a.quantity
        self.kept[demand, which] -= from_kept
        self.issued[demand, which] += amount
        self.read_reserved()

    @rule(demand=DEMAND)
    def issue_all(self, demand: int) -> None:
        got = self.do(lambda tx: giving.issue(tx, self.demands[demand]))
        for a in got:
            place = (self.items.index(a.item_id), self.places.index(a.location_id))
            self.on_hand[place] -= a.quantity
            self.reserved[place] -= a.quantity
        for which in (0, 1):
            given = sum((a.quantity for a in got if a.item_id == self.items[which]), Decimal(0))
            assert given == self.kept[demand, which]
            self.kept[demand, which] = Decimal(0)
            self.issued[demand, which] += given

    @rule(demand=DEMAND)
    def release(self, demand: int) -> None:
        assert not isinstance(self.do(lambda tx: keeping.release(tx, self.demands[demand])), Problem)
        for which in (0, 1):
            self.kept[demand, which] = Decimal(0)
        self.read_reserved()

    @rule(demand=DEMAND, which=WHICH, amount=AMOUNT)
    def give_back(self, demand: int, which: int, amount: Decimal) -> None:
        got = self.do(lambda tx: giving.return_(tx, self.demands[demand], [Line(self.items[which], amount)]))
        if amount > self.issued[demand, which]:
            assert isinstance(got, NothingToReturn), got
            return
        self.issued[demand, which] -= amount
        for a in got:
            self.put((which, self.places.index(a.location_id)), a.quantity)

    def read_reserved(self) -> None:
        """Which places a part was kept at is the engine's choice; that it adds up is checked below."""
        for row in self.mine(_BALANCES):
            self.reserved[self.place(row)] = row[4]

    def place(self, row: Any) -> Place:
        return self.items.index(row[0]), self.places.index(row[1])

    def mine(self, query: str) -> list[Any]:
        rows = self.raw.execute(query, {"tenant": self.tenant}).fetchall()
        return [row for row in rows if row[0] in self.items]

    @invariant()
    def the_books_are_right(self) -> None:
        totals: dict[UUID, Decimal] = defaultdict(Decimal)
        sums = {}
        for row in self.mine(_SUMS):
            totals[row[0]] += row[2]
            if row[1] in self.places:
                sums[self.place(row)] = row[2]
        assert all(total == 0 for total in totals.values()), "the ledger adds up to zero"
        for row in self.mine(_BALANCES):
            place = self.place(row)
            assert row[2] == sums.get(place, 0), "a balance is the sum of its moves"
            assert row[3:] == (self.on_hand[place], self.reserved[place], self.owed[place])
            assert 0 <= row[4] <= row[3]
        kept: dict[int, Decimal] = defaultdict(Decimal)
        for demand, item_id, still in self.raw.execute(_KEPT, {"tenant": self.tenant}).fetchall():
            if item_id in self.items:
                assert still == self.kept[self.demands.index(demand), self.items.index(item_id)]
                kept[self.items.index(item_id)] += still
        for which in (0, 1):
            assert kept[which] == self.reserved[which, 0] + self.reserved[which, 1]
        for row in self.mine(_DEBTS):
            assert row[2] == self.owed[self.place(row)], "what is owed is what the debts say"

    @invariant()
    def an_alert_stands_exactly_where_stock_is_low(self) -> None:
        for which, item_id in enumerate(self.items):
            there = sum((self.on_hand[which, n] - self.owed[which, n] for n in (0, 1)), Decimal(0))
            row = self.raw.execute(
                "SELECT count(*) FROM alert WHERE tenant_id = %s AND subject = %s AND status <> 'CLOSED'",
                [self.tenant, f"item:{item_id}"],
            ).fetchone()
            assert row is not None
            if there < 3:
                assert row[0] == 1
            elif there >= 6:
                assert row[0] == 0


def test_the_books_say_what_the_model_says(working: Working, raw: psycopg.Connection, tenant: Tenant) -> None:
    class Machine(Stock):
        pass

    Machine.working = staticmethod(working)  # type: ignore[assignment]
    Machine.raw = raw
    Machine.tenant = tenant.id
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Machine,
        settings=settings(
            derandomize=True,
            max_examples=20,
            stateful_step_count=40,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
