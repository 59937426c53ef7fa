"""Assets: the fleet ledger, its timeline and its maintenance. What other domains may use is listed here."""

from app.domains.assets.errors import AssetNotFound
from app.domains.assets.ledger.service import ground, register, release
from app.domains.assets.words import AssetType, Availability, HealthStatus

__all__ = ["AssetNotFound", "AssetType", "Availability", "HealthStatus", "ground", "register", "release"]
