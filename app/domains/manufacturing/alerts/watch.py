"""Comparing stock with thresholds, in the transaction that moved it.

Every balance counts for exactly one threshold: the most specific that covers it. A threshold's level for an item
is the sum of the balances that count for it. Whoever moves stock holds its items, so two moves of one item never
judge it at the same time.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, select, text

from app.domains import observability
from app.domains.manufacturing.items import service as items
from app.domains.manufacturing.quantities import plain
from app.domains.manufacturing.stock.models import StockBalance
from app.domains.observability import Finding, Severity, Source
from app.kernel.events.envelope import ref
from app.kernel.events.outbox import PendingEvent
from app.kernel.tx import ReadTx, WriteTx

KEY = "stock.low"


@dataclass(frozen=True, slots=True)
class Level:
    """What one threshold says of one item, and how much there is."""

    threshold_id: UUID
    item_id: UUID
    item_code: str
    uom: str
    location_id: UUID | None
    location_code: str | None
    minimum: Decimal
    clear_level: Decimal
    severity: str
    quantity: Decimal

    @property
    def key(self) -> str:
        return key_of(self.location_id)


_ANY = text("SELECT EXISTS (SELECT FROM stock_threshold WHERE tenant_id = :tenant AND is_active)")
_LEVELS = text("""
WITH place AS (
    SELECT b.item_id, p.path, sum(b.on_hand - b.owed) AS quantity
    FROM stock_balance b JOIN location p ON p.tenant_id = b.tenant_id AND p.id = b.location_id
    WHERE b.tenant_id = :tenant AND b.item_id = ANY(CAST(:items AS uuid[]))
    GROUP BY b.item_id, p.path
), rule AS (
    SELECT t.id, t.item_id, t.location_id, coalesce(l.path, '') AS path, l.code
    FROM stock_threshold t LEFT JOIN location l ON l.tenant_id = t.tenant_id AND l.id = t.location_id
    WHERE t.tenant_id = :tenant AND t.is_active
      AND (t.item_id IS NULL OR t.item_id = ANY(CAST(:items AS uuid[])))
), counted AS (
    SELECT place.item_id, best.id, place.quantity
    FROM place CROSS JOIN LATERAL (
        SELECT rule.id FROM rule
        WHERE (rule.item_id IS NULL OR rule.item_id = place.item_id) AND starts_with(place.path, rule.path)
        ORDER BY rule.item_id IS NULL, length(rule.path) DESC LIMIT 1
    ) AS best
    UNION ALL
    SELECT rule.item_id, rule.id, 0 FROM rule WHERE rule.item_id IS NOT NULL
)
SELECT t.id, c.item_id, i.code, u.code AS uom, t.location_id, rule.code AS location_code,
       t.minimum, t.clear_level, t.severity, sum(c.quantity) AS quantity
FROM counted c JOIN rule ON rule.id = c.id
JOIN stock_threshold t ON t.tenant_id = :tenant AND t.id = c.id
JOIN item i ON i.tenant_id = :tenant AND i.id = c.item_id
JOIN unit u ON u.tenant_id = :tenant AND u.id = i.unit_id
GROUP BY t.tenant_id, t.id, c.item_id, i.code, u.code, rule.code
ORDER BY c.item_id, t.id
""").bindparams(bindparam("items", type_=ARRAY(Uuid())))


def key_of(location_id: UUID | None) -> str:
    """The key of alerts at this location, or of all the stock of an item."""
    return f"{KEY}:{location_id}" if location_id else KEY


def watch(tx: WriteTx, event: PendingEvent) -> None:
    """Hears `stock.moved`."""
    if tx.conn.execute(_ANY, {"tenant": tx.tenant_id}).scalar_one():
        judge(tx, [UUID(item_id) for item_id in event.payload["item_ids"]])


def watch_tree(tx: WriteTx, _: PendingEvent) -> None:
    """Hears `location.updated`: below another location, other thresholds may count."""
    if tx.conn.execute(_ANY, {"tenant": tx.tenant_id}).scalar_one():
        judge(tx, hold_all(tx))


def hold_all(tx: WriteTx) -> list[UUID]:
    """Every item that has a place in stock, held so that its stock stands still."""
    found = [row.item_id for row in tx.all(select(StockBalance.item_id).distinct())]
    items.lock(tx, found)
    return found


def levels(tx: ReadTx, item_ids: Collection[UUID]) -> list[Level]:
    """What every threshold that counts says of these items now."""
    rows = tx.conn.execute(_LEVELS, {"tenant": tx.tenant_id, "items": list(item_ids)})
    return [Level(*row) for row in rows]


def judge(tx: WriteTx, item_ids: Sequence[UUID]) -> None:
    """Open, renew and close the alerts of these items. The caller holds them."""
    open_now = observability.open_keys(tx, Source.STOCK, [ref("item", item_id) for item_id in item_ids])
    judged = set()
    for level in levels(tx, item_ids):
        subject = ref("item", level.item_id)
        judged.add((level.key, subject))
        if level.quantity < level.minimum:
            observability.raise_alert(tx, _finding(level))
        elif level.quantity >= level.clear_level and (level.key, subject) in open_now:
            back = f"{plain(level.quantity)} {level.uom}, at or above {plain(level.clear_level)}."
            observability.resolve_alert(tx, Source.STOCK, level.key, subject, reason=back)
    for key, subject in sorted(open_now - judged):
        observability.resolve_alert(tx, Source.STOCK, key, subject, reason="No threshold says so any more.")


def _finding(level: Level) -> Finding:
    where = f" at {level.location_code}" if level.location_code else ""
    return Finding(
        Source.STOCK,
        level.key,
        ref("item", level.item_id),
        Severity(level.severity),
        f"{level.item_code} is low{where}"[:200],
        f"{plain(level.quantity)} {level.uom} of {level.item_code}{where}, below {plain(level.minimum)}."[
            :500
        ],
        related=[ref("location", level.location_id)] if level.location_id else [],
        labels={
            "item_id": str(level.item_id),
            "location_id": str(level.location_id) if level.location_id else "",
            "threshold_id": str(level.threshold_id),
        },
        value=float(level.quantity),
    )
