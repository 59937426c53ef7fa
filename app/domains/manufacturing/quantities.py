"""Quantities and money: exact decimals inside, strings in answers, strings or numbers in requests."""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

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


def _shorter(value: Any) -> Any:
    """A JSON number is binary: what lies beyond nine decimals of it is noise. A string says what it means."""
    return rounded(Decimal(repr(value))) if isinstance(value, float) and abs(value) < 1e15 else value


def _schema(least: float, pattern: str) -> WithJsonSchema:
    """What a request may send, as exactly as JSON Schema can say it."""
    number = {"type": "number", "minimum": least, "maximum": 999_999_999_999_999}
    return WithJsonSchema(
        {"anyOf": [number, {"type": "string", "pattern": pattern}], "examples": ["12.5"]}, mode="validation"
    )


_DIGITS = r"[0-9]{1,15}(\.[0-9]{1,9})?$"
Quantity = Annotated[
    Decimal,
    Field(gt=0, max_digits=24, decimal_places=DECIMALS),
    BeforeValidator(_shorter),
    _schema(1e-9, rf"^(?!0+(\.0+)?$){_DIGITS}"),
]
Amount = Annotated[
    Decimal,
    Field(ge=0, max_digits=24, decimal_places=DECIMALS),
    BeforeValidator(_shorter),
    _schema(0, rf"^{_DIGITS}"),
]
Exact = Annotated[Decimal, PlainSerializer(plain, return_type=str), Field(examples=["12.5"])]
