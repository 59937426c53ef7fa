"""Corrections: times that do not count, with a reason and an author."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete

from app.domains.observability.slo.counts import MINUTE, floor
from app.domains.observability.slo.errors import SloCorrectionNotFound
from app.domains.observability.slo.events import SloCorrected, SloCorrectionWithdrawn
from app.domains.observability.slo.models import SloCorrection
from app.domains.observability.slo.schemas import SloCorrectionCreate
from app.domains.observability.slo.service import lock, subject
from app.kernel.tx import WriteTx


def exclude(tx: WriteTx, policy_id: UUID, data: SloCorrectionCreate) -> SloCorrection:
    """Exclude a time, widened to whole minutes. Raises `SloPolicyNotFound`."""
    lock(tx, policy_id)
    end = floor(data.ends_at)
    made = tx.add(
        SloCorrection(
            policy_id=policy_id,
            starts_at=floor(data.starts_at),
            ends_at=end + (MINUTE if end < data.ends_at else timedelta()),
            reason=data.reason,
            created_by=tx.actor,
            created_at=tx.now,
        )
    )
    tx.emit(
        SloCorrected(
            policy_id=policy_id,
            correction_id=made.id,
            starts_at=made.starts_at,
            ends_at=made.ends_at,
            reason=made.reason,
        ),
        subject=subject(policy_id),
    )
    return made


def withdraw(tx: WriteTx, correction_id: UUID) -> None:
    """Let a time count again. Raises `SloCorrectionNotFound`."""
    found = tx.execute(
        delete(SloCorrection)
        .where(SloCorrection.id == correction_id)
        .returning(SloCorrection.policy_id, SloCorrection.reason)
    ).first()
    if found is None:
        raise SloCorrectionNotFound
    tx.emit(
        SloCorrectionWithdrawn(policy_id=found.policy_id, correction_id=correction_id, reason=found.reason),
        subject=subject(found.policy_id),
    )
