"""Identifiers: UUID version 7 (RFC 9562), made in the app so that a row's id is known before it is stored."""

from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    """A fresh UUIDv7: time-ordered, so inserts land at the right edge of every index."""
    return uuid_utils.compat.uuid7()
