"""Reading shifts."""

from datetime import datetime

from sqlalchemy import Select, select

from app.domains.observability.oncall.models import OncallShift
from app.domains.observability.oncall.schemas import ShiftFilter
from app.kernel.tx import AnySelect

SHIFTS = select(*OncallShift.__table__.c)
SORT = {"id": OncallShift.id, "starts_at": OncallShift.starts_at, "ends_at": OncallShift.ends_at}


def target_at(at: datetime, shift_name: str | None = None) -> Select[str]:
    """Who is on call: of the active shifts (of this name) that cover the instant, the one that began last."""
    found = select(OncallShift.target).where(
        OncallShift.is_active, OncallShift.starts_at <= at, OncallShift.ends_at > at
    )
    if shift_name is not None:
        found = found.where(OncallShift.shift_name == shift_name)
    return found.order_by(OncallShift.starts_at.desc(), OncallShift.id.desc()).limit(1)


def filtered(wanted: ShiftFilter) -> AnySelect:
    found = SHIFTS
    if wanted.is_active is not None:
        found = found.where(OncallShift.is_active.is_(wanted.is_active))
    if wanted.at is not None:
        found = found.where(OncallShift.starts_at <= wanted.at, OncallShift.ends_at > wanted.at)
    return found
