"""Keeping a tenant's settings."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.domains.observability.signals.events import SignalSettingsChanged
from app.domains.observability.signals.models import SignalSettings
from app.domains.observability.signals.preferences import Preferences, preferences
from app.domains.observability.signals.schemas import SettingsWrite
from app.kernel.events.envelope import ref
from app.kernel.tx import WriteTx


def change_settings(tx: WriteTx, wanted: SettingsWrite) -> Preferences:
    """Set all of them. Raises `PreconditionFailed` when `If-Match` names another version."""
    values = wanted.model_dump()
    current = preferences(tx)._asdict()
    tx.execute(
        insert(SignalSettings)
        .values(tenant_id=tx.tenant_id, updated_at=tx.now, **current)
        .on_conflict_do_nothing()
    )
    row = tx.session.execute(select(SignalSettings).with_for_update()).scalar_one()
    tx.match(row)
    before = {name: getattr(row, name) for name in values}
    if before != values or row.version == 0:
        for name, value in values.items():
            setattr(row, name, value)
        row.version += 1
        row.updated_at = tx.now
        tx.flush()
        tx.emit(
            SignalSettingsChanged(**values),
            subject=ref("signal_settings", tx.tenant_id),
            before=before,
            after=values,
        )
    return preferences(tx)
