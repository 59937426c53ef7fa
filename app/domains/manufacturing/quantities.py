"""Quantities and money: exact decimals inside, strings in answers, strings or numbers in requests."""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import Field, PlainSerializer

DECIMALS = 9
_QUANTUM = Decimal(1).scaleb(-DECIMALS)
_WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)


def plain(value: Decimal) -> str:
    """`12.5`, never `12.500` and never `1.25E+1`."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def rounded(value: Decimal | Fraction | int) -> Decimal:
    """To nine decimals, half to even; exact where nine decimals suffice."""
    if isinstance(value, Fraction):
        whole = round(value * 10**DECIMALS)
        return Decimal(whole).scaleb(-DECIMALS, _WIDE)
    return Decimal(value).quantize(_QUANTUM, context=_WIDE)


_Positive = Annotated[Decimal, Field(gt=0, max_digits=24, decimal_places=DECIMALS, examples=["12.5"])]
_NotNegative = Annotated[Decimal, Field(ge=0, max_digits=24, decimal_places=DECIMALS, examples=["12.5"])]
Quantity = _Positive
Amount = _NotNegative
Exact = Annotated[Decimal, PlainSerializer(plain, return_type=str), Field(examples=["12.5"])]
