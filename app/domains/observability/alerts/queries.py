"""Reading alerts.

A list's statement is built once for each set of filters. The status is written into it instead of bound, so that
the planner knows which partial index fits.
"""

from functools import lru_cache
from uuid import UUID

from sqlalchemy import bindparam, literal, select

from app.domains.observability.alerts.models import IS_OPEN, Alert
from app.domains.observability.alerts.schemas import AlertFilter
from app.domains.observability.words import AlertStatus
from app.kernel.tx import AnySelect

COLUMNS = select(*Alert.__table__.c)
SORT = {"created_at": Alert.created_at, "id": Alert.id}
_BOUND = ("source", "severity", "subject")


def listed(wanted: AlertFilter) -> tuple[AnySelect, dict[str, str]]:
    """The statement of a list and its parameters."""
    values = {name: getattr(wanted, name) for name in _BOUND}
    given = {f"of_{name}": str(value) for name, value in values.items() if value is not None}
    return _listed(wanted.status, tuple(given)), given


@lru_cache(maxsize=64)
def _listed(status: AlertStatus | None, given: tuple[str, ...]) -> AnySelect:
    found = COLUMNS
    if status is not None:
        found = found.where(Alert.status == literal(status.value, literal_execute=True))
    if status not in {None, AlertStatus.CLOSED}:
        found = found.where(IS_OPEN)
    for name in given:
        found = found.where(Alert.__table__.c[name.removeprefix("of_")] == bindparam(name))
    return found


def one(alert_id: UUID) -> AnySelect:
    return COLUMNS.where(Alert.id == alert_id)
