"""Long arrays for statements, as PostgreSQL's own literals: many times cheaper than one value after another."""

from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID


def array(values: Iterable[UUID | Decimal]) -> str:
    """An array literal, for `CAST(:name AS uuid[])` or `numeric[]`. Neither kind needs quoting."""
    return "{" + ",".join(map(str, values)) + "}"
