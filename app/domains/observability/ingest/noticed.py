"""Signals that are noticed in other domains' events, in the same transaction."""

from app.domains.observability.ingest.record import Record
from app.domains.observability.ingest.store import Batch, open_batch
from app.domains.observability.signals.models import Protocol
from app.domains.observability.words import Level, SignalType
from app.kernel.events.outbox import PendingEvent
from app.kernel.tx import WriteTx

_LEVELS = {"CRITICAL": Level.ERROR, "DEGRADED": Level.WARN}


def note_asset_health(tx: WriteTx, event: PendingEvent) -> None:
    """A health report with a score is a METRIC `asset.health_score` of the service `assets`, in percent."""
    said = event.payload
    if said.get("health_score") is None:
        return
    batch = open_batch(tx, Protocol.EVENT)
    if not isinstance(batch, Batch):
        raise TypeError("events claim no digest")
    batch.store(
        [
            Record(
                event.at,
                SignalType.METRIC,
                "assets",
                "asset.health_score",
                level=_LEVELS.get(str(said["health_status"]), Level.INFO),
                numeric_value=float(said["health_score"]),
                unit="percent",
                detail={"asset_id": said["asset_id"], "health_status": said["health_status"]},
            )
        ]
    )
    batch.close()


SUBSCRIPTIONS = {"asset.health_updated": note_asset_health}
