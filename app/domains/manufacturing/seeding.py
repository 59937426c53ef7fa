"""What a new tenant's warehouse begins with."""

from app.domains.manufacturing.stock.locations import service as locations
from app.domains.manufacturing.units import service as units
from app.kernel.events.outbox import PendingEvent
from app.kernel.tx import WriteTx


def begin(tx: WriteTx, _: PendingEvent) -> None:
    """Runs where a tenant is made."""
    units.ensure_standard(tx)
    locations.ensure_standard(tx)
