"""Events of imports."""

from uuid import UUID

from app.domains.manufacturing import permissions as p
from app.kernel.events.envelope import Event


class ImportPlanned(Event, type="import.planned", permission=p.WAREHOUSE_VIEW):
    """A file was read and compared with what there is; nothing was changed."""

    import_id: UUID
    kind: str
    changes: int
    errors: int


class ImportApplied(Event, type="import.applied", permission=p.WAREHOUSE_VIEW):
    """A plan was carried out, all of it."""

    import_id: UUID
    kind: str
    changes: int
