"""Quantile sketches that merge by adding: DDSketch with a relative error of 1 %.

C. Masson, J. E. Rim, H. K. Lee, "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error
Guarantees", PVLDB 12(12), 2019. A value x > 0 is counted in bucket i = ceil(log_γ x), γ = (1 + α) / (1 - α), and
answered as 2 γ^i / (γ + 1), at most α x away. Buckets are not collapsed: float8 has at most some 71,000 of them.

Keys of a sketch: `p<i>` above zero, `n<i>` below (of the absolute value), `z` at zero. Values are counts.
"""

import math
from collections.abc import Mapping

ALPHA = 0.01
GAMMA = (1 + ALPHA) / (1 - ALPHA)
_LOG_GAMMA = math.log(GAMMA)


def sql_key(value: str) -> str:
    """The SQL expression of the bucket of a float8 expression that is not NULL."""
    index = f"ceil(ln(abs({value})) / {_LOG_GAMMA!r}::float8)::integer"
    return f"CASE WHEN {value} > 0 THEN 'p' || {index} WHEN {value} < 0 THEN 'n' || {index} ELSE 'z' END"


def key(value: float) -> str:
    """The bucket of a finite value."""
    if value == 0:
        return "z"
    return ("p" if value > 0 else "n") + str(math.ceil(math.log(abs(value)) / _LOG_GAMMA))


def value_of(bucket: str) -> float:
    """The value that stands for a bucket, within 1 % of every value in it."""
    if bucket == "z":
        return 0.0
    magnitude = 2 * GAMMA ** int(bucket[1:]) / (GAMMA + 1)
    return magnitude if bucket[0] == "p" else -magnitude


def quantile(counts: Mapping[str, int], q: float) -> float | None:
    """The nearest rank, ceil(q n), of what was counted; None of nothing."""
    total = sum(counts.values())
    if not total:
        return None
    rank = max(1, math.ceil(q * total - 1e-9))
    seen = 0
    ordered = sorted((value_of(bucket), count) for bucket, count in counts.items())
    for value, count in ordered:
        seen += count
        if seen >= rank:
            return value
    return ordered[-1][0]
