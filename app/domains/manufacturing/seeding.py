"""What a new tenant's warehouse begins with."""

from app.domains.manufacturing.units import service as units
from app.kernel.events.outbox import PendingEvent
from app.kernel.tx import WriteTx


def begin(tx: WriteTx, _: PendingEvent) -> None:
    """Runs where a tenant is made."""
    units.ensure_standard(tx)
