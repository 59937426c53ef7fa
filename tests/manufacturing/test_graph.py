"""The pure engines: each equals the oracle in every digit that is shown, at a cost per line and never per path."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domains.manufacturing.graph import pairs
from app.domains.manufacturing.graph.compiled import CompiledGraph, Lines
from app.domains.manufacturing.graph.network import LoopError, Network, Use
from app.domains.manufacturing.graph.packing import pack, unpack
from app.domains.manufacturing.graph.rounding import decimal_of, micros, text_of
from tests.manufacturing import oracle
from tests.manufacturing.oracle import Line

QUANTITY = st.fractions(min_value=Fraction(1, 1000), max_value=10**6, max_denominator=10**9)
UNIT = 10**9


def by_number(found: dict[object, Fraction]) -> dict[int, Fraction]:
    return {key.int - 1: value for key, value in found.items() if value}  # type: ignore[attr-defined]


def answered(graph: CompiledGraph, demands: dict[int, Fraction]) -> dict[int, int]:
    reached, needs = graph.explode({oracle.item(n): q for n, q in demands.items()})
    return {graph.item(int(n)).int - 1: need for n, need in zip(reached, needs, strict=True)}


@given(given_lines=oracle.lines(), demands=st.dictionaries(st.integers(0, 1), QUANTITY, min_size=1))
def test_all_engines_equal_the_oracle(given_lines: list[Line], demands: dict[int, Fraction]) -> None:
    exact = oracle.needs(given_lines, demands)
    network = oracle.network(given_lines)
    assert by_number(network.explode({oracle.item(n): q for n, q in demands.items()})) == exact  # type: ignore[arg-type]
    assert answered(oracle.compiled(given_lines), demands) == {n: micros(q) for n, q in exact.items()}


@given(given_lines=oracle.lines(fixed=False), quantity=QUANTITY)
def test_adding_up_equals_walking_every_path(given_lines: list[Line], quantity: Fraction) -> None:
    found = oracle.network(given_lines).explode({oracle.item(0): quantity})
    assert by_number(found) == oracle.paths(given_lines, 0, quantity)  # type: ignore[arg-type]


@given(given_lines=oracle.lines(), quantity=QUANTITY)
def test_the_refined_pass_alone_equals_the_oracle(given_lines: list[Line], quantity: Fraction) -> None:
    graph = oracle.compiled(given_lines)
    high, low = graph.refined({oracle.item(0): quantity})
    exact = oracle.needs(given_lines, {0: quantity})
    largest = max(exact.values())
    for number in range(len(graph)):
        value = Fraction(high[number]) + Fraction(low[number])
        wanted = exact.get(graph.item(number).int - 1, Fraction(0))
        assert abs(value - wanted) <= largest * Fraction(1, 2**90)


@given(given_lines=oracle.lines())
def test_the_error_bound_of_doubles_holds(given_lines: list[Line]) -> None:
    graph = oracle.compiled(given_lines)
    rough = graph.approximate(graph.demands({oracle.item(0): Fraction(1)}))
    exact = oracle.needs(given_lines, {0: Fraction(1)})
    for number, value in enumerate(rough):
        wanted = exact.get(graph.item(number).int - 1, Fraction(0))
        assert abs(Fraction(value) - wanted) <= wanted * Fraction(graph.error)


def test_exact_ties_are_decided_exactly() -> None:
    """Half a millionth, and a hair less: doubles and pairs leave the first open, the rational engine decides."""
    tie = [Line(0, 1, 500, 0, 0, UNIT), Line(1, 2, UNIT, 0, 0, UNIT)]
    assert answered(oracle.compiled(tie), {0: Fraction(1)}) == {0: 10**6, 1: 1, 2: 1}
    below = [Line(0, 1, 500, 0, 0, UNIT + 1)]
    assert answered(oracle.compiled(below), {0: Fraction(1)}) == {0: 10**6, 1: 0}
    huge = [Line(0, 1, 999_999_999 * UNIT + 999_999_999, 0, 0, 1)] + [
        Line(n, n + 1, 999_999_999 * UNIT + 999_999_999, 0, 0, UNIT) for n in range(1, 4)
    ]
    exact = oracle.needs(huge, {0: Fraction(10**6)})
    assert answered(oracle.compiled(huge), {0: Fraction(10**6)}) == {n: micros(q) for n, q in exact.items()}


@given(given_lines=oracle.lines(fixed=False), costs=st.lists(st.integers(0, 10**6), min_size=8, max_size=8))
def test_rolled_up_costs_agree(given_lines: list[Line], costs: list[int]) -> None:
    graph, network = oracle.compiled(given_lines), oracle.network(given_lines)
    own = {oracle.item(n): Fraction(cost) for n, cost in enumerate(costs)}
    exact = network.unit_costs(own)
    rolled = graph.roll_up(np.array([float(own[graph.item(n)]) for n in range(len(graph))]))
    for number, value in enumerate(rolled):
        if graph.item(number) in exact:
            assert float(exact[graph.item(number)]) == pytest.approx(value, rel=1e-12)
    bottom = {
        o: q for o, q in network.explode({oracle.item(0): Fraction(1)}).items() if o not in network.below
    }
    if oracle.item(0) in network.below:
        assert exact[oracle.item(0)] == sum(own[o] * q for o, q in bottom.items())


@given(given_lines=oracle.lines(fixed=False))
def test_where_used_is_the_explosion_read_upwards(given_lines: list[Line]) -> None:
    network = oracle.network(given_lines)
    last = oracle.item(max(line.child for line in given_lines))
    shares = network.share_of(last)
    for parent in network.below:
        needed = network.explode({parent: Fraction(1)})
        assert shares.get(parent, 0) == needed.get(last, 0)


@given(
    given_lines=oracle.lines(most_items=6),
    stock=st.lists(st.integers(0, 30), min_size=6, max_size=6),
    count=st.integers(1, 6),
)
def test_the_most_that_can_be_built_is_the_last_without_a_shortage(
    given_lines: list[Line], stock: list[int], count: int
) -> None:
    network = oracle.network(given_lines)
    root = oracle.item(0)
    assume(root in network.below)
    on_hand = {oracle.item(n): Fraction(q) for n, q in enumerate(stock)}
    most, lacking = network.most_buildable(root, on_hand)
    assert lacking
    assert (not network.shortages(root, count, on_hand)) == (count <= most)
    for one in lacking:
        assert one.needed > one.available


def test_the_26_item_diamond_costs_its_325_lines() -> None:
    """odoo#149287: A to Z, each uses all later ones; 33.5 million paths, more than ten minutes there."""
    uses = [
        Use(oracle.item(parent), oracle.item(child), Fraction(1))
        for parent in range(26)
        for child in range(parent + 1, 26)
    ]
    walked = 0

    class Counting(dict):  # type: ignore[type-arg]
        def get(self, *args: object) -> object:
            nonlocal walked
            found = super().get(*args)  # type: ignore[call-overload]
            walked += len(found or ())
            return found

    network = Network(uses)
    network.below = Counting(network.below)
    needed = network.explode({oracle.item(0): Fraction(1)})
    assert needed[oracle.item(25)] == 2**24
    assert walked == 2 * len(uses) == 650
    graph = oracle.compiled([Line(u.parent.int - 1, u.child.int - 1, UNIT, 0, 0, UNIT) for u in uses])
    assert answered(graph, {0: Fraction(1)})[25] == 2**24 * 10**6


def test_erpnext_37953_precision() -> None:
    """0.311 × 0.0275 × 1,000,000 is 8,552.5 and not 8,000."""
    lines = [Line(0, 1, 311_000_000, 0, 0, UNIT), Line(1, 2, 27_500_000, 0, 0, UNIT)]
    assert answered(oracle.compiled(lines), {0: Fraction(10**6)})[2] == 8_552_500_000
    assert text_of(8_552_500_000) == "8552.5"


def test_a_loop_is_found_and_never_walked() -> None:
    with pytest.raises(LoopError):
        oracle.compiled(
            [Line(0, 1, UNIT, 0, 0, UNIT), Line(1, 0, UNIT, 0, 0, UNIT), Line(1, 2, UNIT, 0, 0, UNIT)]
        )
    loop = Network(
        [Use(oracle.item(0), oracle.item(1), Fraction(1)), Use(oracle.item(1), oracle.item(0), Fraction(1))]
    )
    with pytest.raises(LoopError):
        loop.explode({oracle.item(0): Fraction(1)})


@given(given_lines=oracle.lines())
def test_packed_graphs_come_back_equal(given_lines: list[Line]) -> None:
    graph = oracle.compiled(given_lines)
    again = unpack(pack(graph))
    assert again.ids == graph.ids
    assert np.array_equal(again.level, graph.level)
    for name in Lines.__slots__:
        assert np.array_equal(getattr(again.lines, name), getattr(graph.lines, name)), name
    with pytest.raises(ValueError, match="not a compiled graph"):
        unpack(b"XXXX" + pack(graph)[4:])


@given(st.integers(0, 10**24), st.integers(1, 10**12))
def test_rounding_is_half_up_at_the_sixth_decimal(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    found = micros(exact)
    assert Fraction(found, 10**6) - exact <= Fraction(1, 2 * 10**6)
    assert exact - Fraction(found, 10**6) < Fraction(1, 2 * 10**6)
    assert text_of(found) == f"{decimal_of(found):f}"


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.floats(0, 1e12), st.floats(-1e-6, 1e-6)), min_size=1, max_size=50
    )
)
def test_sums_of_pairs_lose_nothing_that_matters(values: list[tuple[int, float, float]]) -> None:
    group = np.array([v[0] for v in values])
    high, low = pairs.two_sum(np.array([v[1] for v in values]), np.array([v[2] for v in values]))
    keep = high >= 0
    sums = pairs.sums_by(group[keep], (high[keep], low[keep]), 4, len(values))
    for number in range(4):
        exact = sum(
            (
                Fraction(h) + Fraction(x)
                for g, h, x in zip(group, high, low, strict=True)
                if g == number and h >= 0
            ),
            Fraction(0),
        )
        assert abs(Fraction(sums[0][number]) + Fraction(sums[1][number]) - exact) <= Fraction(10**12, 2**88)
