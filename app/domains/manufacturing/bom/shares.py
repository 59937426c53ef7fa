"""Pure: which of a line's materials to take, and how much of each. The same inputs give the same answer, always.

*weighted* splits by the largest-remainder method (Hamilton's) in whole steps of the unit: exact shares, their sum
the exact total, ties to the lower sequence. No mode throws dice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from app.domains.manufacturing.bom.words import SelectionMode, VariantType


class NoMaterialError(Exception):
    """No material fits; the message says why."""


@dataclass(frozen=True, slots=True)
class Material:
    """A choice. `factor`: how much of it stands for one unit of the line's component, in its own unit."""

    item_id: str
    variant_type: VariantType
    sequence: int
    factor: Fraction
    weight: Fraction | None = None
    available: Decimal = Decimal(0)
    unit_cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """`base` is the part of the line's quantity that this material stands for, `quantity` is how much of it that is."""

    item_id: str
    base: Decimal
    quantity: Fraction


def choose(
    mode: SelectionMode, quantity: Decimal, step: Decimal, materials: Sequence[Material]
) -> tuple[list[Share], str]:
    """The shares and the reason in words. Raises `NoMaterialError`.

    `quantity` is in the component's unit, `step` the smallest part of it that may be split off.
    """
    ranked = sorted(materials, key=_rank)
    if mode is SelectionMode.WEIGHTED:
        return _weighted(quantity, step, ranked)
    chosen, reason = _single(mode, quantity, ranked)
    return [_share(chosen, quantity)], reason


def _rank(material: Material) -> tuple[bool, bool, int, str]:
    kind = material.variant_type
    return kind is not VariantType.PRIMARY, kind is VariantType.OPTIONAL, material.sequence, material.item_id


def _single(mode: SelectionMode, quantity: Decimal, ranked: Sequence[Material]) -> tuple[Material, str]:
    if mode is SelectionMode.PRIMARY:
        return ranked[0], "The primary material."
    enough = [one for one in ranked if one.available >= one.factor * Fraction(quantity)]
    if mode is SelectionMode.ANY:
        if enough:
            return enough[0], "The first by sequence with enough in stock."
        return ranked[0], "None has enough in stock: the primary material."
    if mode is SelectionMode.AVAILABLE:
        if not enough:
            raise NoMaterialError("No material has enough in stock.")
        return enough[0], "The first by sequence with enough in stock."
    priced = [one for one in ranked if one.unit_cost is not None]
    if not priced:
        raise NoMaterialError("No material has a cost.")
    cheapest = min(priced, key=lambda one: (Fraction(one.unit_cost or 0) * one.factor, _rank(one)))
    return cheapest, "The lowest cost for the same need."


def _weighted(quantity: Decimal, step: Decimal, ranked: Sequence[Material]) -> tuple[list[Share], str]:
    """What the weights leave of 100 % goes to the first material that has none, else to all in proportion."""
    weights = [one.weight or Fraction(0) for one in ranked]
    rest = 100 - sum(weights)
    unweighted = [number for number, one in enumerate(ranked) if one.weight is None]
    if rest > 0 and unweighted:
        weights[unweighted[0]] += rest
    if not sum(weights):
        raise NoMaterialError("No material has a weight.")
    steps, odd = divmod(Fraction(quantity), Fraction(step))
    counts = largest_remainder(int(steps), weights)
    parts = [count * step for count in counts]
    if odd:
        heaviest = max(range(len(weights)), key=lambda number: (weights[number], -number))
        parts[heaviest] += quantity - int(steps) * step
    shares = [_share(one, part) for one, part in zip(ranked, parts, strict=True) if part]
    return shares, f"Weights {', '.join(str(weight) for weight in weights)} by largest remainder."


def largest_remainder(total: int, weights: Sequence[Fraction]) -> list[int]:
    """`total` in whole parts by weight: each gets its quota rounded down, the largest remainders one more."""
    whole = sum(weights)
    quotas = [total * weight / whole for weight in weights]
    counts = [quota.numerator // quota.denominator for quota in quotas]
    by_remainder = sorted(range(len(weights)), key=lambda number: (counts[number] - quotas[number], number))
    for number in by_remainder[: total - sum(counts)]:
        counts[number] += 1
    return counts


def _share(material: Material, base: Decimal) -> Share:
    return Share(material.item_id, base, material.factor * Fraction(base))
