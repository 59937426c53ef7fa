"""Bodies of suppressions."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from app.domains.observability.alerts.matchers import Matchers
from app.domains.observability.alerts.schemas import AlertRead
from app.domains.observability.oncall.schemas import When, Zone
from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import Input, NumberOnly, Output

LONGEST_SILENCE = timedelta(days=30)
LONGEST_MAINTENANCE = timedelta(days=366)
Comment = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Label = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z_][a-zA-Z0-9_.]*$", max_length=100)]
Wanted = Annotated[Matchers, Field(min_length=1)]


class Weekly(Input):
    """Every week on these days (0 is Monday), from this wall-clock time, for so many minutes."""

    days: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(min_length=1, max_length=7)]
    start: Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = Field(examples=["22:30"])
    minutes: Annotated[int, Field(ge=1, le=7 * 24 * 60), NumberOnly]
    timezone: Zone = Field("UTC", examples=["Europe/Berlin"])


class Silence(Input):
    """At most 30 days."""

    kind: Literal["SILENCE"]
    matchers: Wanted
    starts_at: When | None = Field(None, description="Now, when left out.")
    ends_at: When
    comment: Comment


class Maintenance(Input):
    """Once, or every week between two instants that lie a year apart at most."""

    kind: Literal["MAINTENANCE"]
    matchers: Wanted
    starts_at: When | None = Field(None, description="Now, when left out.")
    ends_at: When
    weekly: Weekly | None = None
    comment: Comment


class Inhibition(Input):
    """While an open alert fits `source_matchers`, others that fit `matchers` and agree in `equal` keep quiet."""

    kind: Literal["INHIBITION"]
    source_matchers: Wanted
    matchers: Wanted
    equal: Annotated[list[Label], Field(max_length=10)] = []
    ends_at: When | None = None
    comment: Comment

    @model_validator(mode="after")
    def _is_no_mirror(self) -> Self:
        if self.source_matchers == self.matchers:
            raise ValueError("matchers and source_matchers are the same: an alert never inhibits its equals")
        return self


Suppress = Annotated[Silence | Maintenance | Inhibition, Field(discriminator="kind")]


class SuppressionCreate(Input):
    suppress: Suppress


class SuppressionFilter(PageParams):
    kind: Literal["SILENCE", "MAINTENANCE", "INHIBITION"] | None = None
    ended: bool | None = None


class SuppressionRead(Output):
    id: UUID
    kind: str
    matchers: list[Any]
    source_matchers: list[Any] | None
    equal: list[Any]
    weekly: dict[str, Any] | None
    starts_at: datetime
    ends_at: datetime | None
    comment: str
    created_by: str
    version: int
    created_at: datetime
    updated_at: datetime


class Preview(Output):
    """The open alerts that would keep quiet now."""

    affected_count: int
    alerts: list[AlertRead] = Field(description="The newest 100.")
