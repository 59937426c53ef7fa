"""The slowest engine there is: rational numbers, path by path, straight from the definition."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from uuid import UUID

import numpy as np
from hypothesis import strategies as st

from app.domains.manufacturing.graph.compiled import CompiledGraph, Lines, exact_per
from app.domains.manufacturing.graph.network import Network, Use


@dataclass(frozen=True)
class Line:
    """Items are numbers; quantities are scaled by 10⁹, the wastage by 10⁴, as they are compiled."""

    parent: int
    child: int
    quantity: int
    fixed: int
    wastage: int
    output: int

    @property
    def per(self) -> Fraction:
        return (
            Fraction(self.quantity, 10**9)
            * (1 + Fraction(self.wastage, 10**6))
            / Fraction(self.output, 10**9)
        )


@st.composite
def lines(draw: st.DrawFn, most_items: int = 8, fixed: bool = True) -> list[Line]:
    """A graph without loops: components have higher numbers. The same pair may occur twice."""
    count = draw(st.integers(2, most_items))
    pairs = st.tuples(st.integers(0, count - 2), st.integers(1, count - 1)).filter(lambda p: p[0] < p[1])
    nano = st.integers(1, 5 * 10**9) | st.sampled_from([10**9, 2 * 10**9, 27_500_000, 311_000_000])
    output = draw(st.sampled_from([10**9, 3 * 10**9, 7 * 10**9, 10**8]))
    return [
        Line(
            parent,
            child,
            draw(nano),
            draw(nano) if fixed and draw(st.booleans()) else 0,
            draw(st.sampled_from([0, 0, 30_000, 33_333])),
            output,
        )
        for parent, child in draw(st.lists(pairs, min_size=1, max_size=20))
    ]


def item(number: int) -> UUID:
    return UUID(int=number + 1)


def needs(given: Sequence[Line], demands: dict[int, Fraction]) -> dict[int, Fraction]:
    """Pulled from below: a need is what is demanded plus what each use asks for, again and again."""

    @cache
    def need(number: int) -> Fraction:
        asked = [line for line in given if line.child == number and need(line.parent) > 0]
        flows = [Fraction(line.fixed, 10**9) + line.per * need(line.parent) for line in asked]
        return demands.get(number, Fraction(0)) + sum(flows, Fraction(0))

    found = {number: need(number) for number in range(1 + max(line.child for line in given))}
    return {number: quantity for number, quantity in found.items() if quantity}


def paths(given: Sequence[Line], root: int, quantity: Fraction) -> dict[int, Fraction]:
    """Pushed down every path on its own; for lines without fixed amounts."""
    total: dict[int, Fraction] = {}

    def walk(number: int, amount: Fraction) -> None:
        total[number] = total.get(number, Fraction(0)) + amount
        for line in given:
            if line.parent == number:
                walk(line.child, amount * line.per)

    walk(root, quantity)
    return total


def network(given: Sequence[Line]) -> Network:
    return Network(
        Use(
            item(line.parent),
            item(line.child),
            exact_per(line.quantity, line.wastage, line.output),
            Fraction(line.fixed, 10**9),
        )
        for line in given
    )


def compiled(given: Sequence[Line]) -> CompiledGraph:
    columns = [np.array(column, dtype=np.int64) for column in zip(*map(_row, given), strict=True)]
    count = 1 + max(line.child for line in given)
    return CompiledGraph.of([item(number) for number in range(count)], Lines(*columns))


def _row(line: Line) -> tuple[int, ...]:
    return line.parent, line.child, line.quantity, line.fixed, line.wastage, line.output
