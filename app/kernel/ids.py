"""Identifiers: UUID version 7 (RFC 9562), made in the app so that a row's id is known before it is stored."""

from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    """A fresh UUIDv7: time-ordered, so inserts land at the right edge of every index."""
    return uuid_utils.compat.uuid7()


def new_ids(count: int) -> list[UUID]:
    """Fresh UUIDv7s in rising order, for bulk inserts: one is drawn and counted up (RFC 9562 §6.2, method 2)."""
    first = new_id().int
    return [UUID(int=first + step) for step in range(count)]
