"""What demands ask of stock, and what they get."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from app.domains.manufacturing.quantities import rounded


@dataclass(frozen=True, slots=True)
class Line:
    """What a demand needs of one item, in the item's unit.

    `line_ref` tells lines of the same item apart. A location means it and all below; without one, and without a
    lot, stock is taken wherever it is: the lots that expire or came first are first.
    """

    item_id: UUID
    quantity: Decimal
    line_ref: str | None = None
    location_id: UUID | None = None
    lot_id: UUID | None = None


class Allocation(NamedTuple):
    """Stock of one balance for one line. `move_id` is set when it was issued or returned."""

    reservation_id: UUID
    demand_ref: str
    line_ref: str | None
    item_id: UUID
    location_id: UUID
    lot_id: UUID | None
    quantity: Decimal
    move_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Shortage:
    """A line that got less than it asked for."""

    demand_ref: str
    line_ref: str | None
    item_id: UUID
    requested: Decimal
    allocated: Decimal


@dataclass(frozen=True, slots=True)
class Reserved:
    allocations: list[Allocation] = field(default_factory=list)
    shortages: list[Shortage] = field(default_factory=list)


Demands = Mapping[str, Sequence[Line]]
Numbered = list[tuple[str, Line]]
Part = tuple[Allocation, Decimal]
"""So much of a reservation."""


def numbered(demands: Demands) -> Numbered:
    return [(demand, line) for demand, lines in demands.items() for line in lines]


def by_demand(kept: Iterable[Allocation]) -> Mapping[str, list[Allocation]]:
    grouped: defaultdict[str, list[Allocation]] = defaultdict(list)
    for k in kept:
        grouped[k.demand_ref].append(k)
    return grouped


def tally(names: Iterable[str]) -> dict[str, int]:
    counted: dict[str, int] = defaultdict(int)
    for name in names:
        counted[name] += 1
    return counted


def spread(
    kept: Sequence[Allocation], lines: Sequence[Line]
) -> tuple[list[Part], list[tuple[Line, Decimal]]]:
    """What of these reservations serves these lines, and what each line lacks.

    A line takes reservations of its item, of its `line_ref` when it has one, and of its lot when it names one.
    """
    left = {k.reservation_id: k.quantity for k in kept}
    shelf: defaultdict[UUID, list[Allocation]] = defaultdict(list)
    for k in kept:
        shelf[k.item_id].append(k)
    taken: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    short = []
    for line in lines:
        missing = rounded(line.quantity)
        for k in shelf[line.item_id]:
            if line.line_ref not in (None, k.line_ref) or line.lot_id not in (None, k.lot_id):
                continue
            part = min(missing, left[k.reservation_id])
            left[k.reservation_id] -= part
            taken[k.reservation_id] += part
            missing -= part
        short.append((line, missing))
    return [(k, taken[k.reservation_id]) for k in kept if taken[k.reservation_id]], short
