"""Pure: which of the stock that is free goes to which line."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID


@dataclass(slots=True)
class Free:
    """What one balance has to give. `path` is its location's path."""

    balance_id: UUID
    item_id: UUID
    location_id: UUID
    lot_id: UUID | None
    path: str
    left: Decimal


class Want(NamedTuple):
    """What one line of a demand needs; `below` is the path of the location it must come from."""

    item_id: UUID
    quantity: Decimal
    lot_id: UUID | None = None
    below: str = ""


class Pick(NamedTuple):
    """So much of a balance for the line of this number."""

    line: int
    source: Free
    quantity: Decimal


def pick(wants: Sequence[Want], stock: Iterable[Free]) -> tuple[list[Pick], list[Decimal]]:
    """What each line gets, and what each is short of. Lines are served in order, stock is taken in order.

    The work is in proportion to lines plus balances; a line that names a lot or a location also passes over the
    balances that don't suit it.
    """
    shelves: defaultdict[UUID, list[Free]] = defaultdict(list)
    for free in stock:
        shelves[free.item_id].append(free)
    begins: defaultdict[UUID, int] = defaultdict(int)
    picks: list[Pick] = []
    short: list[Decimal] = []
    for number, want in enumerate(wants):
        shelf, missing = shelves[want.item_id], want.quantity
        begin = begins[want.item_id]
        while begin < len(shelf) and not shelf[begin].left:
            begin += 1
        begins[want.item_id] = begin
        for position in range(begin, len(shelf)):
            if not missing:
                break
            source = shelf[position]
            if not source.left or not _suits(want, source):
                continue
            taken = min(missing, source.left)
            source.left -= taken
            missing -= taken
            picks.append(Pick(number, source, taken))
        short.append(missing)
    return picks, short


def _suits(want: Want, source: Free) -> bool:
    return (want.lot_id is None or want.lot_id == source.lot_id) and source.path.startswith(want.below)
