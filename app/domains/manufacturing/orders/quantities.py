"""Pure: how much of a component an order needs, and which lots go into which output.

Quantities are decimals with at most 9 places; a requirement is rounded up in the last one, so nothing is short by
a rounding.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from uuid import UUID

STEP = Decimal("0.000000001")
ZERO = Decimal(0)
_WIDE = Context(prec=60)


def required(fixed: Decimal, per_unit: Decimal, units: Decimal) -> Decimal:
    """What `units` outputs need: the fixed quantity once, and so much per unit. Nothing for no output."""
    if units <= 0:
        return ZERO
    return plain(_WIDE.add(fixed, _WIDE.multiply(per_unit, units)).quantize(STEP, ROUND_CEILING, _WIDE))


def countable(value: Decimal, *, whole: bool, up: bool) -> Decimal:
    """The value itself, or for what comes in whole units the next whole number."""
    return value.to_integral_value(ROUND_CEILING if up else ROUND_FLOOR) if whole else value


def plain(value: Decimal) -> Decimal:
    """The same number without trailing zeros or an exponent."""
    normal = value.normalize()
    exponent = normal.as_tuple().exponent
    return normal.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else normal


@dataclass(frozen=True, slots=True)
class Taken:
    """A quantity of one lot that left stock for a component. `id` names the issue."""

    id: UUID
    item_id: UUID
    lot_id: UUID | None
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Need:
    """What goes into one output: `quantity` of an item."""

    item_id: UUID
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Part:
    """One line of an as-built list: so much of this issue is in output number `output`."""

    output: int
    taken: Taken


def assign(outputs: Sequence[Sequence[Need]], issued: Iterable[Taken]) -> list[Part]:
    """Fill each output's needs from what was issued, first issued first built in.

    What is missing stays missing: an output never gets more than it needs nor more than was issued.
    """
    left: dict[UUID, list[Taken]] = {}
    for taken in issued:
        left.setdefault(taken.item_id, []).append(taken)
    parts = []
    for number, needs in enumerate(outputs):
        for need in needs:
            parts += [Part(number, taken) for taken in _take(left.get(need.item_id, []), need.quantity)]
    return parts


def _take(queue: list[Taken], wanted: Decimal) -> list[Taken]:
    found = []
    while wanted > 0 and queue:
        first = queue[0]
        used = min(first.quantity, wanted)
        found.append(replace(first, quantity=used))
        wanted -= used
        if used == first.quantity:
            queue.pop(0)
        else:
            queue[0] = replace(first, quantity=first.quantity - used)
    return found
