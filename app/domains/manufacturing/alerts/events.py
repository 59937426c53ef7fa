"""Events of thresholds; the alerts have their own (`alert.created`, `alert.closed`)."""

from uuid import UUID

from app.domains.manufacturing import permissions as p
from app.kernel.events.envelope import Event


class StockThresholdSet(Event, type="stock.threshold_set", permission=p.WAREHOUSE_VIEW):
    """A threshold was made or changed."""

    threshold_id: UUID
    item_id: UUID | None
    location_id: UUID | None


class StockThresholdDeleted(Event, type="stock.threshold_deleted", permission=p.WAREHOUSE_VIEW):
    """A threshold was taken away."""

    threshold_id: UUID
