"""Reading the ledger."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from app.domains.assets.ledger.models import Asset
from app.domains.assets.ledger.schemas import AssetFilter

SORT = {"id": Asset.id, "created_at": Asset.created_at, "asset_code": Asset.asset_code}


def assets() -> Select[Any]:
    return select(*Asset.__table__.c)


def asset(asset_id: UUID) -> Select[Any]:
    return assets().where(Asset.id == asset_id)


def filtered(wanted: AssetFilter) -> Select[Any]:
    statement = assets()
    for name in ("asset_type", "availability_status", "region_code"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(getattr(Asset, name) == value)
    return statement
