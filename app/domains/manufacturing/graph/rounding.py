"""Pure: the one rounding of every quantity that is answered: six decimals, half up, from the exact value.

Nothing in between is rounded, so a result never depends on the path by which it was reached.
"""

from decimal import Decimal
from fractions import Fraction

PLACES = 6
MICRO = 10**PLACES


def micros(exact: Fraction) -> int:
    """Millionths, half up; for values ≥ 0."""
    return int((2 * exact.numerator * MICRO + exact.denominator) // (2 * exact.denominator))


def decimal_of(millionths: int) -> Decimal:
    """The number without trailing zeros and without an exponent."""
    whole, rest = divmod(millionths, MICRO)
    return Decimal(f"{whole}.{rest:06d}".rstrip("0").rstrip(".")) if rest else Decimal(whole)


def text_of(millionths: int) -> str:
    """`decimal_of` as it is written in JSON and CSV."""
    whole, rest = divmod(millionths, MICRO)
    return f"{whole}.{rest:06d}".rstrip("0") if rest else str(whole)
