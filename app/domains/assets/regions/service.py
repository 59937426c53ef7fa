"""Use cases of regions."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert

from app.domains.assets.errors import RegionLoop, RegionNotFound
from app.domains.assets.events import RegionCreated, RegionUpdated
from app.domains.assets.regions.models import Region
from app.domains.assets.regions.schemas import RegionCreate, RegionPatch
from app.kernel.events.envelope import ref
from app.kernel.ids import new_id
from app.kernel.tx import WriteTx

_AFTER_ANY_PATH = "~"


def depth() -> ColumnElement[int]:
    """How far below its root a region lies; a root has depth 0. Path parts are 32 hex digits and a slash."""
    return (func.length(Region.path) // 33 - 1).label("depth")


def by_code(tx: WriteTx, code: str) -> UUID:
    """The region of this code; one first seen here is created as a root."""
    found = tx.scalar(select(Region.id).where(Region.code == code))
    if found is not None:
        return found
    region_id = new_id()
    made = tx.execute(
        insert(Region)
        .values(
            tenant_id=tx.tenant_id,
            id=region_id,
            code=code,
            path=_part(region_id),
            created_at=tx.now,
            updated_at=tx.now,
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "code"])
        .returning(Region.id)
    ).first()
    if made is None:
        theirs: UUID = tx.one(select(Region.id).where(Region.code == code), RegionNotFound).id
        return theirs
    tx.emit(RegionCreated(region_id=region_id, region_code=code), subject=ref("region", region_id))
    return region_id


def create(tx: WriteTx, data: RegionCreate) -> Region:
    """Raises `RegionNotFound` for the parent; the database refuses a taken code."""
    if data.parent_code is not None:
        _lock_tree(tx)  # a move of an ancestor that is under way would not see the new row
    region_id = new_id()
    parent = _parent(tx, data.parent_code)
    region = tx.add(
        Region(
            id=region_id,
            code=data.code,
            name=data.name,
            parent_id=parent.id if parent else None,
            path=(parent.path if parent else "") + _part(region_id),
            created_at=tx.now,
            updated_at=tx.now,
        )
    )
    tx.emit(
        RegionCreated(region_id=region.id, region_code=region.code),
        subject=ref("region", region.id),
        after=data.model_dump(mode="json"),
    )
    return region


def change(tx: WriteTx, region_id: UUID, data: RegionPatch) -> Region:
    """Rename or move. Moves of one tenant's tree happen one at a time, so two can't make a loop together."""
    _lock_tree(tx)
    region = tx.get(select(Region).where(Region.id == region_id).with_for_update(), RegionNotFound)
    tx.match(region)
    before = {"name": region.name, "path": region.path}
    if data.name is not None:
        region.name = data.name
    if "parent_code" in data.model_fields_set:
        _move(tx, region, _parent(tx, data.parent_code))
    region.version += 1
    region.updated_at = tx.now
    tx.flush()
    tx.emit(
        RegionUpdated(region_id=region.id, region_code=region.code),
        subject=ref("region", region.id),
        before=before,
        after={"name": region.name, "path": region.path},
    )
    return region


def _parent(tx: WriteTx, code: str | None) -> Region | None:
    if code is None:
        return None
    return tx.get(select(Region).where(Region.code == code).with_for_update(read=True), RegionNotFound)


def _move(tx: WriteTx, region: Region, parent: Region | None) -> None:
    if parent is not None and parent.path.startswith(region.path):
        raise RegionLoop(f"{parent.code} is {region.code} or lies below it.")
    old, new = region.path, (parent.path if parent else "") + _part(region.id)
    below: Any = (
        update(Region)
        .where(Region.path >= old, Region.path < old + _AFTER_ANY_PATH, Region.id != region.id)
        .values(
            path=new + func.substr(Region.path, len(old) + 1), version=Region.version + 1, updated_at=tx.now
        )
        .execution_options(synchronize_session=False)
    )
    tx.execute(below)
    region.path = new
    region.parent_id = parent.id if parent else None


def _lock_tree(tx: WriteTx) -> None:
    tx.conn.exec_driver_sql(
        "SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))", {"key": f"region:{tx.tenant_id}"}
    )


def _part(region_id: UUID) -> str:
    return f"{region_id.hex}/"
