"""Who hears that stock moved, in the transaction that moved it."""

from app.domains.manufacturing.alerts.watch import watch
from app.domains.manufacturing.kanban.replenishment import replenish
from app.kernel.events.outbox import PendingEvent
from app.kernel.tx import WriteTx


def stock_moved(tx: WriteTx, event: PendingEvent) -> None:
    """Thresholds are judged and replenishment rules fire."""
    watch(tx, event)
    replenish(tx, event)
