from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field, StringConstraints

from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import Filter, Instant, Output

Reason = Literal[
    "altered", "missing_event", "missing_seal", "unsealed_behind_head", "beyond_head", "head", "anchor"
]


class AuditFilter(PageParams):
    actor: Annotated[str | None, Query(max_length=300, description="Who, e.g. `user:<id>`.")] = None
    action: Annotated[str | None, Query(max_length=200, description="The type of the event.")] = None
    resource: Annotated[str | None, Query(max_length=300, description="To what: `<kind>:<id>`.")] = None
    from_ts: Annotated[Instant | None, Query(description="At or after this instant.")] = None
    to_ts: Annotated[Instant | None, Query(description="Before this instant.")] = None


class AuditEntry(Output):
    """One recorded action. `seq` is null for what was committed a moment ago."""

    id: UUID
    seq: int | None
    at: datetime
    actor: str = Field(examples=["user:0192a1b2-0000-7000-8000-000000000001"])
    action: str = Field(examples=["asset.retired"])
    resource: str = Field(examples=["asset:0192a1b2-0000-7000-8000-000000000002"])
    related: list[str]
    request_id: str
    correlation_id: str
    causation_id: UUID | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    payload: dict[str, Any]


class Anchor(Filter):
    """A place in the chain and its hash as somebody else wrote them down earlier, and where to begin.

    With `since_seq` equal to `anchor_seq` everything after the anchor is verified in the time that this part takes.
    """

    since_seq: Annotated[
        int, Query(ge=0, le=2**63 - 1, description="Begin after this place and take its link as given.")
    ] = 0
    anchor_seq: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None
    anchor_hash: Annotated[str | None, StringConstraints(pattern="^[0-9a-f]{64}$"), Query()] = None


class Mismatch(Output):
    """Where the log and its chain part.

    `altered`: the event, its seal or their place is not what was hashed. `missing_event`, `missing_seal`: deleted.
    `unsealed_behind_head`: an event inserted behind the head. `beyond_head`: a seal after the head. `head`: the
    head's hash is not the last seal's. `anchor`: the chain is not the one the anchor was taken from.
    """

    seq: int | None
    event_id: UUID | None
    reason: Reason


class Verification(Output):
    """`verified`: the whole chain holds. Keep `head_seq` and `head_hash` elsewhere and pass them as the anchor of a
    later verification: it then also shows that nobody has rewritten the chain as a whole."""

    verified: bool
    checked: int = Field(description="Links that hold.")
    head_seq: int
    head_hash: str = Field(description="Hexadecimal.")
    first_mismatch: Mismatch | None
    unsealed: int = Field(description="Events that were committed a moment ago and have no place yet.")
