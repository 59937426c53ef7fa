"""Bases of request and response bodies."""

import re
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, StringConstraints
from pydantic_core import PydanticCustomError

T = TypeVar("T")


class Input(BaseModel):
    """A request body: an unknown field is a mistake and is named in a 422."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class ContractInput(BaseModel):
    """A request body of the fixed contract: older clients send more than is known here, and it is ignored."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)


class Filter(BaseModel):
    """The query parameters of a list. Unknown ones never get here: the route answers 400 first."""

    model_config = ConfigDict(extra="forbid")


class Output(BaseModel):
    """A response body. Fields have no defaults, so generated clients know they are always there."""

    model_config = ConfigDict(from_attributes=True, json_schema_mode_override="serialization")


_NUMBER = re.compile(r"[+-]?\d*\.?\d*")


def _no_number(value: Any) -> Any:
    """Refuse what pydantic would take for seconds since 1970: the document says RFC 3339."""
    if isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value.strip())):
        raise PydanticCustomError(
            "datetime_parsing", "Input should be a date and time with an offset (RFC 3339)"
        )
    return value


def _only_number(value: Any) -> Any:
    """`62` and `62.0` are the same number in JSON; `"62"` and `true` are none."""
    if isinstance(value, str | bool):
        raise PydanticCustomError("int_type", "Input should be a valid integer")
    return value


NumberOnly = BeforeValidator(_only_number)  # goes last in Annotated, after the bounds
Instant = Annotated[AwareDatetime, BeforeValidator(_no_number)]


def _no_blank(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
BlankIsNone = BeforeValidator(_no_blank)


class Page(Generic[T]):
    """A page of a list: sent as a plain JSON array with a `Link` to the next one."""

    __slots__ = ("items", "next_cursor", "total")

    def __init__(self, items: list[T], next_cursor: str | None = None, total: int | None = None) -> None:
        self.items = items
        self.next_cursor = next_cursor
        self.total = total
