"""Pure: numbers as unevaluated sums of two doubles, elementwise, for about 100 bits.

Dekker, "A floating-point technique for extending the available precision" (1971); Knuth's two-sum; and the
extraction of Rump, Ogita and Oishi, "Accurate floating-point summation" (2008), which makes the leading parts of
a sum exact in any order, as `bincount` needs.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Pair = tuple[Floats, Floats]

_SPLITTER = 134217729.0  # 2**27 + 1


def two_sum(a: Floats, b: Floats) -> Pair:
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def two_product(a: Floats, b: Floats) -> Pair:
    """The product and its rounding error; exact below 2**996."""
    product = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, error


def _split(a: Floats) -> Pair:
    scaled = a * _SPLITTER
    high = scaled - (scaled - a)
    return high, a - high


def of_ints(a: Ints) -> Pair:
    """Exact for |a| < 2**63."""
    high = a.astype(np.float64)
    return high, (a - high.astype(np.int64)).astype(np.float64)


def times(a: Pair, b: Pair) -> Pair:
    product, error = two_product(a[0], b[0])
    return two_sum(product, error + (a[0] * b[1] + a[1] * b[0]))


def divided(a: Pair, b: Pair) -> Pair:
    first = a[0] / b[0]
    product, error = two_product(first, b[0])
    rest = ((a[0] - product) - error) + (a[1] - first * b[1])
    return two_sum(first, rest / b[0])


def plus(a: Pair, b: Pair) -> Pair:
    total, error = two_sum(a[0], b[0])
    return two_sum(total, error + (a[1] + b[1]))


def sums_by(group: Ints, values: Pair, count: int, widest: int) -> Pair:
    """Sums of non-negative pairs by group; `widest` is the size of the largest group.

    The leading parts lie on a grid so coarse that adding them rounds nothing.
    """
    largest = float(values[0].max(initial=0.0))
    if largest == 0.0:
        return np.zeros(count), np.zeros(count)
    grid = 2.0 ** np.ceil(np.log2(largest * (widest + 2)) + 1)
    leading = (values[0] + grid) - grid
    trailing = (values[0] - leading) + values[1]
    first: Floats = np.bincount(group, leading, minlength=count).astype(np.float64, copy=False)
    second: Floats = np.bincount(group, trailing, minlength=count).astype(np.float64, copy=False)
    return two_sum(first, second)
