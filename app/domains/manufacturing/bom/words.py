"""The enum words of bills of materials, and the spellings that older clients send."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema


class BomType(StrEnum):
    MANUFACTURING = "MANUFACTURING"
    KIT_PHANTOM = "KIT_PHANTOM"


class RevisionStatus(StrEnum):
    """DRAFT: not released. RELEASED: in force, or to come. OBSOLETE: its time is over."""

    DRAFT = "DRAFT"
    RELEASED = "RELEASED"
    OBSOLETE = "OBSOLETE"


class VariantType(StrEnum):
    PRIMARY = "PRIMARY"
    ALTERNATIVE = "ALTERNATIVE"
    OPTIONAL = "OPTIONAL"


class SelectionMode(StrEnum):
    PRIMARY = "primary"
    ANY = "any"
    WEIGHTED = "weighted"
    AVAILABLE = "available"
    CHEAPEST = "cheapest"


def _upper_word(value: Any) -> Any:
    """`Kit/Phantom`, `kit_phantom` and `KIT_PHANTOM` are one word."""
    return value.strip().upper().replace("/", "_").replace(" ", "_") if isinstance(value, str) else value


def _lower_word(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


AnyBomType = Annotated[BomType, BeforeValidator(_upper_word)]
AnyVariantType = Annotated[VariantType, BeforeValidator(_upper_word)]
AnySelectionMode = Annotated[SelectionMode, BeforeValidator(_lower_word)]


def plain(value: Decimal) -> str:
    """Without exponent and trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _quantity(least: float, pattern: str) -> WithJsonSchema:
    number = {"type": "number", "minimum": least, "maximum": 999_999_999}
    return WithJsonSchema({"anyOf": [number, {"type": "string", "pattern": pattern}]}, mode="validation")


_DIGITS = r"[0-9]{1,9}(\.[0-9]{1,9})?$"
Quantity = Annotated[
    Decimal,
    Field(gt=0, max_digits=18, decimal_places=9),
    _quantity(1e-9, rf"^(?!0+(\.0+)?$){_DIGITS}"),
]
QuantityOrZero = Annotated[
    Decimal, Field(ge=0, max_digits=18, decimal_places=9), _quantity(0, rf"^{_DIGITS}")
]


def _up_to(most: int, digits: int) -> WithJsonSchema:
    """A number from 0 to `most`, or a string of one with at most four decimals."""
    pattern = rf"^({most}(\.0{{1,4}})?|[0-9]{{1,{digits}}}(\.[0-9]{{1,4}})?)$"
    number = {"type": "number", "minimum": 0, "maximum": most}
    return WithJsonSchema({"anyOf": [number, {"type": "string", "pattern": pattern}]}, mode="validation")


Percent = Annotated[Decimal, Field(ge=0, le=1000, max_digits=8, decimal_places=4), _up_to(1000, 3)]
Weight = Annotated[Decimal, Field(ge=0, le=100, max_digits=7, decimal_places=4), _up_to(100, 2)]
QuantityOut = Annotated[Decimal, PlainSerializer(plain, return_type=str)]
PercentOut = Annotated[Decimal, PlainSerializer(float, return_type=float)]


def sql_words(words: type[StrEnum]) -> str:
    """The words as a SQL list, for CHECK constraints."""
    return ", ".join(f"'{word.value}'" for word in words)
