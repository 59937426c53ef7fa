"""Alerts about assets that were reported CRITICAL."""

from sqlalchemy import and_

from app.domains import observability
from app.domains.assets.facts.models import Asset
from app.domains.assets.words import HealthStatus
from app.domains.observability import Finding, Severity, Source
from app.kernel.events.envelope import ref
from app.kernel.tx import WriteTx

KEY = "asset.health"
IS_CRITICAL = and_(Asset.health_status == HealthStatus.CRITICAL, Asset.retired_at.is_(None))


def follow_health(tx: WriteTx, asset: Asset) -> None:
    """Raise or resolve by the asset's latest report; UNKNOWN is no recovery. The asset is locked."""
    subject = ref("asset", asset.id)
    if asset.retired_at is not None:
        observability.resolve_alert(tx, Source.ASSETS, KEY, subject, reason="The asset was retired.")
    elif asset.health_status == HealthStatus.CRITICAL:
        observability.raise_alert(tx, _critical(asset, subject))
    elif asset.health_status != HealthStatus.UNKNOWN:
        reason = f"The asset was reported {asset.health_status}."
        observability.resolve_alert(tx, Source.ASSETS, KEY, subject, reason=reason)


def catch_up(tx: WriteTx, asset: Asset) -> None:
    """`follow_health` for the watch: what was told since the latest report and closed since stays closed."""
    told = observability.told_since(
        tx, Source.ASSETS, KEY, ref("asset", asset.id), asset.last_health_at or asset.created_at
    )
    if not (told and asset.health_status == HealthStatus.CRITICAL and asset.retired_at is None):
        follow_health(tx, asset)


def _critical(asset: Asset, subject: str) -> Finding:
    score = "" if asset.health_score is None else f" with a score of {asset.health_score}"
    return Finding(
        source=Source.ASSETS,
        key=KEY,
        subject=subject,
        severity=Severity.P1,
        title=f"{asset.asset_code} is CRITICAL",
        message=f"{asset.asset_type} {asset.asset_code} ({asset.name}) was reported CRITICAL{score}.",
        labels={"asset_code": asset.asset_code, "asset_type": asset.asset_type},
        value=asset.health_score,
    )
