"""Pure: the fast engine. A tenant's bills of materials as sorted arrays, one pass per level.

Items are numbered by low-level code, lines are sorted by their component, so that a level's demands are one slice
and every line is read once. Quantities are doubles with a proven error bound: where the bound leaves the sixth
decimal open, pairs of doubles decide, and for exact ties the rational engine does. So an answer equals the exact
one in every digit that is shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Self
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.domains.manufacturing.graph import pairs
from app.domains.manufacturing.graph.network import LoopError, Network, Use
from app.domains.manufacturing.graph.pairs import Floats, Ints, Pair
from app.domains.manufacturing.graph.rounding import MICRO, micros

SCALE = 10**9  # of quantities
PERCENT_SCALE = 10**4  # of percentages
_WHOLE = 100 * PERCENT_SCALE
_UNIT = 2.0**-53
_EXACT_LIMIT = 2.0**51
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines as columns: items are indices, quantities are scaled by 10⁹, percentages by 10⁴."""

    parent: Ints
    child: Ints
    quantity: Ints
    fixed: Ints
    wastage: Ints
    output: Ints


class CompiledGraph:
    """Immutable after making; shared by the threads of a process.

    `ids` holds the items' sixteen bytes each, in order of level; `lines` are sorted by component.
    """

    def __init__(self, ids: bytes, level: Ints, lines: Lines) -> None:
        self.ids = ids
        self.level = level
        self.lines = lines
        self.index = {ids[start : start + 16]: start // 16 for start in range(0, len(ids), 16)}
        self._prepare()

    @classmethod
    def of(cls, item_ids: Sequence[UUID], lines: Lines) -> Self:
        """From lines in any order. Raises `LoopError` when they close a loop."""
        level = _levels(len(item_ids), lines.parent, lines.child)
        rank = np.argsort(level, kind="stable")
        place = np.empty_like(rank)
        place[rank] = np.arange(len(rank))
        parent, child = place[lines.parent], place[lines.child]
        order = np.lexsort((parent, child))
        columns = (lines.quantity, lines.fixed, lines.wastage, lines.output)
        ranked = Lines(parent[order], child[order], *(column[order] for column in columns))
        return cls(b"".join(item_ids[i].bytes for i in rank.tolist()), level[rank], ranked)

    def __len__(self) -> int:
        return len(self.level)

    def item(self, number: int) -> UUID:
        return UUID(bytes=self.ids[16 * number : 16 * number + 16])

    def number(self, item: UUID) -> int | None:
        return self.index.get(item.bytes)

    def _prepare(self) -> None:
        lines, count = self.lines, len(self)
        depth = int(self.level.max(initial=0)) + 1
        self.first_item = np.searchsorted(self.level, np.arange(depth + 1))
        self.first_line = np.searchsorted(lines.child, self.first_item)
        self.per = _per(lines)
        self.fixed = lines.fixed / SCALE
        self.has_fixed = bool(lines.fixed.any())
        self.made = np.bincount(lines.parent, minlength=count) > 0
        fan_in = np.bincount(lines.child, minlength=count)
        self.widest = [
            int(fan_in[a:b].max(initial=0))
            for a, b in zip(self.first_item, self.first_item[1:], strict=False)
        ]
        self.error = 2 * _UNIT * sum(widest + 6 for widest in self.widest)
        self._upwards: tuple[Ints, Ints] | None = None

    def demands(self, given: Mapping[UUID, Fraction]) -> Floats:
        """A vector of demands; the items must be of this graph."""
        vector = np.zeros(len(self))
        for item, quantity in given.items():
            vector[self.index[item.bytes]] += float(quantity)
        return vector

    def approximate(self, demanded: Floats) -> Floats:
        """Needs of every item, each within `error` of the exact value, relatively: nothing is ever subtracted."""
        needed = demanded.copy()
        parent, child, per = self.lines.parent, self.lines.child, self.per[0]
        for depth in range(1, len(self.first_item) - 1):
            lines = slice(self.first_line[depth], self.first_line[depth + 1])
            start, end = self.first_item[depth], self.first_item[depth + 1]
            above = needed[parent[lines]]
            flow = per[lines] * above
            if self.has_fixed:
                flow += self.fixed[lines] * (above > 0)
            needed[start:end] += np.bincount(child[lines] - start, flow, minlength=end - start)
        return needed

    def refined(self, given: Mapping[UUID, Fraction]) -> Pair:
        """Needs as pairs of doubles: some 2⁻⁹⁵ of the largest need of the level at most."""
        high, low = np.zeros(len(self)), np.zeros(len(self))
        for item, quantity in given.items():
            high[self.index[item.bytes]] = float(quantity)
            low[self.index[item.bytes]] = float(quantity - Fraction(float(quantity)))
        for depth in range(1, len(self.first_item) - 1):
            lines = slice(self.first_line[depth], self.first_line[depth + 1])
            start, end = self.first_item[depth], self.first_item[depth + 1]
            asked = int(self.first_line[depth]) + np.flatnonzero(high[self.lines.parent[lines]])
            source = self.lines.parent[asked]
            above = high[source], low[source]
            flow = pairs.times((self.per[0][asked], self.per[1][asked]), above)
            if self.has_fixed:
                fixed = pairs.divided(pairs.of_ints(self.lines.fixed[asked]), _constant(SCALE, above[0]))
                flow = pairs.plus(flow, fixed)
            added = pairs.sums_by(self.lines.child[asked] - start, flow, end - start, self.widest[depth])
            high[start:end], low[start:end] = pairs.plus((high[start:end], low[start:end]), added)
        return high, low

    def explode(self, given: Mapping[UUID, Fraction]) -> tuple[Ints, list[int]]:
        """Indices of what is needed, parents first, and the needs in millionths, rounded from the exact value."""
        rough = self.approximate(self.demands(given))
        reached = np.flatnonzero(rough)
        answer, open_ = _rounded(rough[reached], self.error)
        if open_.any():
            high, low = self.refined(given)
            answer, still = _rounded_pair(high[reached], low[reached])
            if still.any():
                return reached, self._exactly(given, reached, answer, still, rough > 0)
        return reached, answer.tolist()

    def _exactly(
        self, given: Mapping[UUID, Fraction], reached: Ints, answer: Ints, open_: Bools, asked: Bools
    ) -> list[int]:
        """Only what lies between the demands and the open items is added up again."""
        wanted = self.above(reached[open_]) & asked
        network = self.network(wanted)
        inside = {item: quantity for item, quantity in given.items() if wanted[self.index[item.bytes]]}
        needed = network.explode(inside)
        found: list[int] = answer.tolist()
        for position in np.flatnonzero(open_):
            found[position] = micros(needed[self.item(int(reached[position]))])
        return found

    def above(self, items: Ints) -> Bools:
        """These items and everything they go into, over any number of levels."""
        marked = np.zeros(len(self), dtype=bool)
        marked[items] = True
        for depth in range(len(self.first_item) - 2, 0, -1):
            lines = slice(self.first_line[depth], self.first_line[depth + 1])
            marked[self.lines.parent[lines][marked[self.lines.child[lines]]]] = True
        return marked

    def below(self, items: Ints) -> Bools:
        """These items and everything that goes into them."""
        marked = np.zeros(len(self), dtype=bool)
        marked[items] = True
        for depth in range(1, len(self.first_item) - 1):
            lines = slice(self.first_line[depth], self.first_line[depth + 1])
            marked[self.lines.child[lines][marked[self.lines.parent[lines]]]] = True
        return marked

    def network(self, inside: Bools) -> Network:
        """The exact engine over the lines whose both ends are marked."""
        lines = self.lines
        chosen = np.flatnonzero(inside[lines.parent] & inside[lines.child])
        ids = {int(number): self.item(int(number)) for number in np.flatnonzero(inside)}
        columns = (lines.parent, lines.child, lines.quantity, lines.wastage, lines.output, lines.fixed)
        rows = zip(*(column[chosen].tolist() for column in columns), strict=True)
        exact = cache(exact_per)
        amount = cache(lambda fixed: Fraction(fixed, SCALE))
        return Network(
            Use(ids[parent], ids[child], exact(quantity, wastage, output), amount(fixed))
            for parent, child, quantity, wastage, output, fixed in rows
        )

    def roll_up(self, own: Floats) -> Floats:
        """One unit's rolled-up value of every item (cost, weight): of its lines, or its own when it has none."""
        parent, child = self._up()
        rolled = np.where(self.made, 0.0, own)
        per = self.per[0][parent]
        for depth in range(len(self.first_item) - 2, -1, -1):
            start, end = self.first_item[depth], self.first_item[depth + 1]
            lines = slice(*np.searchsorted(child, (start, end)))
            flow = per[lines] * rolled[self.lines.child[parent[lines]]]
            rolled[start:end] += np.bincount(child[lines] - start, flow, minlength=end - start)
        return rolled

    def _up(self) -> tuple[Ints, Ints]:
        """Lines sorted by parent, and the parents; made on first use."""
        if self._upwards is None:
            order = np.argsort(self.lines.parent, kind="stable")
            self._upwards = order, self.lines.parent[order]
        return self._upwards


def exact_per(quantity: int, wastage: int, output: int) -> Fraction:
    """Of scaled numbers: quantity · (1 + wastage %) ÷ output quantity."""
    return Fraction(quantity * (_WHOLE + wastage), _WHOLE * output)


def _per(lines: Lines) -> Pair:
    gross = pairs.times(pairs.of_ints(lines.quantity), pairs.of_ints(_WHOLE + lines.wastage))
    divisor = pairs.times(pairs.of_ints(lines.output), _constant(_WHOLE, gross[0]))
    return pairs.divided(gross, divisor)


def _constant(value: int, like: Floats) -> Pair:
    return np.full_like(like, float(value)), np.zeros_like(like)


def _levels(count: int, parent: Ints, child: Ints) -> Ints:
    """The longest way down to each item, by relaxation; a graph of n items settles in fewer than n rounds."""
    level = np.zeros(count, dtype=np.int64)
    for _ in range(count + 1):
        below = level.copy()
        np.maximum.at(below, child, level[parent] + 1)
        if np.array_equal(below, level):
            return level
        level = below
    raise LoopError("the lines close a loop")


def _rounded(value: Floats, error: float) -> tuple[Ints, Bools]:
    """Millionths, and which of them the error leaves open."""
    scaled = value * MICRO
    open_ = scaled >= _EXACT_LIMIT
    whole = np.floor(scaled)
    bound = scaled * (error + 4 * _UNIT)
    open_ |= np.abs(scaled - whole - 0.5) <= bound
    open_ |= bound >= 0.25
    return _as_ints(np.floor(scaled + 0.5)), open_


def _rounded_pair(high: Floats, low: Floats) -> tuple[Ints, Bools]:
    scaled, rest = pairs.times((high, low), _constant(MICRO, high))
    open_ = scaled >= _EXACT_LIMIT
    whole = np.floor(scaled)
    part = (scaled - whole) + rest
    bound = 2.0**-80 * max(1.0, float(scaled.max(initial=0.0)))
    open_ |= np.abs(part - 0.5) <= bound + 2.0**-52
    return _as_ints(whole + np.floor(part + 0.5)), open_


def _as_ints(value: Floats) -> Ints:
    return np.minimum(value, _EXACT_LIMIT * 4).astype(np.int64)
