"""Pure: how far the quantity that was made is from the one that was planned.

The bounds are those of the first system's fact sheet: up to 1 % EXACT, up to 10 % MINOR, above MAJOR. They are
compared by multiplication, so no rounding moves a quantity across a bound.
"""

from dataclasses import dataclass
from decimal import Decimal

from app.domains.manufacturing.orders.words import VarianceClass

EXACT_PERCENT = Decimal(1)
MINOR_PERCENT = Decimal(10)


@dataclass(frozen=True, slots=True)
class Variance:
    """`percent` is signed: below zero when less was made than planned."""

    kind: VarianceClass
    percent: Decimal

    @property
    def needs_override(self) -> bool:
        return self.kind is VarianceClass.MAJOR


def variance(planned: Decimal, actual: Decimal) -> Variance:
    """`planned` > 0, `actual` >= 0, in the same unit."""
    distance = abs(actual - planned) * 100
    percent = ((actual - planned) * 100 / planned).quantize(Decimal("0.0001"))
    if distance <= planned * EXACT_PERCENT:
        return Variance(VarianceClass.EXACT, percent)
    if distance <= planned * MINOR_PERCENT:
        return Variance(VarianceClass.MINOR, percent)
    return Variance(VarianceClass.MAJOR, percent)
