"""What happened, in one shape for every domain.

An event class declares its type, its payload fields and the permission that a reader needs. `Envelope` is how it
is stored and sent: it is the audit record, the outbox row, the webhook body and the stream item at once.
"""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from app.kernel.security.permissions import Permission

_CATALOGUE: dict[str, type["Event"]] = {}


def ref(kind: str, row_id: UUID | str) -> str:
    """The name of an object in the thread: `asset:0192…`."""
    return f"{kind}:{row_id}"


class Event(BaseModel):
    """Base of the catalogue. Subclass with `type=` and `permission=`; the docstring is the description."""

    model_config = ConfigDict(frozen=True)

    event_type: ClassVar[str] = ""
    permission: ClassVar[Permission]

    def __init_subclass__(
        cls,
        *,
        type: str = "",  # noqa: A002 it is an event's type everywhere else too
        permission: Permission | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init_subclass__(**kwargs)
        if not type:
            return
        if permission is None:
            raise TypeError(f"event {type} needs the permission that lets one read it")
        if type in _CATALOGUE and _CATALOGUE[type].__qualname__ != cls.__qualname__:
            raise TypeError(f"event type {type} is declared twice")
        cls.event_type = type
        cls.permission = permission
        _CATALOGUE[type] = cls


def catalogue() -> dict[str, type[Event]]:
    """Every declared event by its type, sorted."""
    return dict(sorted(_CATALOGUE.items()))


class Envelope(BaseModel):
    """One event as it is stored, listed, streamed and sent."""

    id: UUID
    seq: int | None = Field(
        None, description="Position in the tenant's log, without gaps; given within moments of the commit."
    )
    type: str = Field(examples=["asset.registered"])
    at: datetime
    actor: str = Field(examples=["user:01920000-0000-7000-8000-000000000001"])
    subject: str = Field(examples=["asset:01920000-0000-7000-8000-000000000002"])
    related: list[str] = []
    correlation_id: str
    causation_id: UUID | None = None
    payload: dict[str, JsonValue]
