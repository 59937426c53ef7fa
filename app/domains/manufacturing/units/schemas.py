"""Bodies of units."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import Input, Name, NumberOnly, Output

UnitCode = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]
_Dimension = Annotated[
    str, StringConstraints(strip_whitespace=True, to_upper=True, min_length=1, max_length=20)
]
_Term = Annotated[int, Field(ge=1, le=10**15), NumberOnly]


class UnitCreate(Input):
    """One unit is `numerator / denominator` of its dimension's base.

    The bases of the standard dimensions are COUNT pcs, LENGTH m, MASS kg, VOLUME l and TIME min; another
    dimension's base is whatever its first unit says.
    """

    code: UnitCode = Field(examples=["lb"])
    name: Name = Field(examples=["Pound"])
    dimension: _Dimension = Field(examples=["MASS"])
    numerator: _Term = Field(examples=[45_359_237])
    denominator: _Term = Field(1, examples=[100_000_000])


class UnitPatch(Input):
    name: Name = Field(examples=["Pound (avoirdupois)"])


class UnitFilter(PageParams):
    dimension: _Dimension | None = None


class UnitRead(Output):
    id: UUID
    code: str = Field(examples=["lb"])
    name: str
    dimension: str = Field(examples=["MASS"])
    numerator: int
    denominator: int
    is_standard: bool
    version: int
    created_at: datetime
    updated_at: datetime
