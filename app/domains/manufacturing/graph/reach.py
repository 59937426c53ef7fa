"""The SQL engine: PostgreSQL finds the lines that are reached, the exact engine adds them up.

For small tenants, for other instants than now, and wherever a compiled graph is not worth its making.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from app.domains.manufacturing.graph import queries
from app.domains.manufacturing.graph.network import Network, Use
from app.kernel.tx import AnyRow, ReadTx


@dataclass(frozen=True, slots=True)
class Face:
    """How an item is shown."""

    code: str
    name: str
    uom: str
    level: int
    standard_cost: Decimal | None


def uses(rows: Iterable[AnyRow]) -> Iterator[Use]:
    """Rows of any of the line queries."""
    return map(_use, rows)


def below(tx: ReadTx, revision_id: UUID, at: datetime) -> Network:
    """A revision's own lines, and below them what was in force at `at`."""
    own = [_use(row) for row in tx.conn.execute(queries.OF_REVISION, {"revision_id": revision_id})]
    parts = sorted({use.child for use in own})
    rest = (_use(row) for row in tx.conn.execute(queries.REACHED, {"items": parts, "at": at}))
    return Network([*own, *rest])


def below_items(tx: ReadTx, items: Iterable[UUID], at: datetime) -> Network:
    """What was in force below some items at `at`."""
    rows = tx.conn.execute(queries.REACHED, {"items": sorted(set(items)), "at": at})
    return Network(_use(row) for row in rows)


def above(tx: ReadTx, item_id: UUID, at: datetime) -> Network:
    """The lines of everything that an item goes into."""
    rows = tx.conn.execute(queries.USERS, {"item": item_id, "at": at})
    return Network(_use(row) for row in rows)


def faces(tx: ReadTx, items: Collection[UUID]) -> dict[UUID, Face]:
    rows = tx.conn.execute(queries.ITEMS, {"items": list(items)})
    return {row.id: Face(row.code, row.name, row.uom, row.low_level_code, row.standard_cost) for row in rows}


def free_stock(tx: ReadTx, items: Collection[UUID]) -> dict[UUID, Fraction]:
    """On hand and not reserved, over all locations."""
    rows = tx.conn.execute(queries.ON_HAND, {"items": list(items)})
    return {row.item_id: Fraction(row.available) for row in rows}


def per_unit(quantity: Decimal, wastage: Decimal, output: Decimal) -> Fraction:
    """What one unit of the parent needs."""
    return Fraction(quantity) * (1 + Fraction(wastage) / 100) / Fraction(output)


def _use(row: AnyRow) -> Use:
    per = per_unit(row.quantity, row.wastage, row.output)
    return Use(row.parent, row.child, per, Fraction(row.fixed), row.line_id, row.is_phantom)
