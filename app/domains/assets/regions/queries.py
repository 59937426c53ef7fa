"""A region and everything below it, as statements that are built once."""

from typing import Any

from sqlalchemy import Text, bindparam, select

from app.domains.assets.regions.models import Region
from app.kernel.tx import ReadTx

_AFTER_ANY_PATH = "~"
_PATH = select(Region.path).where(Region.code == bindparam("region_code", type_=Text))
BELOW = select(Region.id).where(
    Region.path >= bindparam("region_from", type_=Text), Region.path < bindparam("region_to", type_=Text)
)


def subtree(tx: ReadTx, code: str) -> dict[str, Any]:
    """The parameters of `BELOW` for a region; of a code there is no region for, ones that match nothing."""
    path = tx.scalar(_PATH, {"region_code": code})
    return {"region_from": path or "", "region_to": path + _AFTER_ANY_PATH if path else ""}
