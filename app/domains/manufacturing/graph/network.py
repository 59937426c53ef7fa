"""Pure: the exact engine. Bills of materials as a graph of rational numbers, walked once, never path by path.

A line needs `fixed + per · n` of its component for `n` of its parent. An item made for several parents is made
once for all of them: its demands are added up before they are passed on, and a fixed amount counts once. The
work is proportional to the number of lines reached.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from uuid import UUID

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Use:
    """One line: `per` and `fixed` are exact, wastage and the output quantity included."""

    parent: UUID
    child: UUID
    per: Fraction
    fixed: Fraction = ZERO
    line_id: UUID | None = None
    phantom: bool = False


class LoopError(Exception):
    """The lines close a loop, which what writes them never allows."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """Why one more can't be built: an item that is not made of others, or not enough of it."""

    item_id: UUID
    needed: Fraction
    available: Fraction


class Network:
    """The lines of some items, each item's in their given order."""

    def __init__(self, uses: Iterable[Use]) -> None:
        self.below: dict[UUID, list[Use]] = {}
        for use in uses:
            self.below.setdefault(use.parent, []).append(use)

    def order(self, roots: Iterable[UUID]) -> list[UUID]:
        """Everything reached from the roots, each item before its components. Raises `LoopError`."""
        done: dict[UUID, bool] = {}
        found: list[UUID] = []
        for root in roots:
            stack = [(root, False)]
            while stack:
                item, left = stack.pop()
                if left:
                    done[item] = True
                    found.append(item)
                    continue
                if item in done:
                    if not done[item]:
                        raise LoopError(str(item))
                    continue
                done[item] = False
                stack.append((item, True))
                stack.extend(
                    (use.child, False)
                    for use in reversed(self.below.get(item, ()))
                    if not done.get(use.child, False)
                )
        found.reverse()
        return found

    def explode(self, demands: Mapping[UUID, Fraction]) -> dict[UUID, Fraction]:
        """What is needed of every item, the demanded ones included, in an order parents first."""
        needed = dict.fromkeys(self.order(demands), ZERO)
        for item, quantity in demands.items():
            needed[item] += quantity
        for item, quantity in needed.items():
            if quantity:
                for use in self.below.get(item, ()):
                    needed[use.child] += use.fixed + use.per * quantity
        return needed

    def levels(self, root: UUID) -> dict[UUID, int]:
        """The longest way down from the root to each item: its low-level code in this product."""
        level = dict.fromkeys(self.order([root]), 0)
        for item, depth in level.items():
            for use in self.below.get(item, ()):
                level[use.child] = max(level[use.child], depth + 1)
        return level

    def share_of(self, item: UUID) -> dict[UUID, Fraction]:
        """How much of `item` goes into one unit of each item, over all paths; fixed amounts left out."""
        shares: dict[UUID, Fraction] = {}
        for above in reversed(self.order(list(self.below))):
            if above == item:
                shares[above] = Fraction(1)
                continue
            share = sum(
                (use.per * shares[use.child] for use in self.below.get(above, ()) if use.child in shares),
                ZERO,
            )
            if share:
                shares[above] = share
        return shares

    def unit_costs(self, costs: Mapping[UUID, Fraction]) -> dict[UUID, Fraction]:
        """Rolled-up cost of one unit of everything: of its lines, or its own when it has none.

        A fixed amount is left out: it has no cost per unit. `shortages` and `explode` count it.
        """
        rolled: dict[UUID, Fraction] = {}
        for item in reversed(self.order(list(self.below))):
            lines = self.below.get(item)
            rolled[item] = (
                sum((use.per * rolled[use.child] for use in lines), ZERO) if lines else costs.get(item, ZERO)
            )
        return rolled

    def shortages(self, root: UUID, count: int, on_hand: Mapping[UUID, Fraction]) -> list[Shortage]:
        """What is missing to make `count` of the root, when everything in stock is used before more is made."""
        needed = dict.fromkeys(self.order([root]), ZERO)
        needed[root] = Fraction(count)
        missing = []
        for item, gross in needed.items():
            available = on_hand.get(item, ZERO) if item != root else ZERO
            net = gross - available
            if net <= 0:
                continue
            lines = self.below.get(item)
            if lines is None:
                missing.append(Shortage(item, gross, available))
                continue
            for use in lines:
                needed[use.child] += use.fixed + use.per * net
        return missing

    def most_buildable(self, root: UUID, on_hand: Mapping[UUID, Fraction]) -> tuple[int, list[Shortage]]:
        """The largest whole number of the root that the stock allows, and what one more would lack.

        Needs rise with the number, so doubling and halving finds it. Every line has `per > 0`, hence it ends.
        """
        low, high = 0, 1
        lacking = self.shortages(root, high, on_hand)
        while not lacking:
            low, high = high, high * 2
            lacking = self.shortages(root, high, on_hand)
        while high - low > 1:
            middle = (low + high) // 2
            found = self.shortages(root, middle, on_hand)
            if found:
                high, lacking = middle, found
            else:
                low = middle
        return low, lacking
