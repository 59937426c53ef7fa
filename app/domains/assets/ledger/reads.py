"""Reading the fleet: rows of the derived query as assets, with reasons and the next free instant."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, func, select

from app.domains.assets.errors import AssetNotFound
from app.domains.assets.facts.models import Asset
from app.domains.assets.ledger.schemas import (
    AssetFilter,
    AssetRead,
    AvailabilityReason,
    PoolFilter,
    PoolSummaryFilter,
    PoolSummaryRow,
)
from app.domains.assets.regions.service import subtree
from app.domains.assets.timeline.availability import Derived, derived
from app.domains.assets.timeline.gaps import Span, next_available
from app.domains.assets.timeline.service import upcoming
from app.domains.assets.words import Availability, HealthStatus
from app.kernel.api.pagination import page
from app.kernel.api.schemas import Page
from app.kernel.tx import AnyRow, AnySelect, ReadTx

SORT = {
    "id": Asset.id,
    "created_at": Asset.created_at,
    "updated_at": Asset.updated_at,
    "asset_code": Asset.asset_code,
    "name": Asset.name,
}
UNASSIGNED = "UNASSIGNED"


def fleet(tx: ReadTx, as_of: datetime | None) -> Derived:
    return derived(as_of or tx.now, now=as_of is None)


def one(tx: ReadTx, asset_id: UUID, as_of: datetime | None = None) -> AssetRead:
    """Raises `AssetNotFound`, also for an instant before the asset was registered."""
    view = fleet(tx, as_of)
    row = tx.one(view.columns().where(Asset.id == asset_id, view.existing), AssetNotFound)
    return shown(tx, [row], as_of)[0]


def many(tx: ReadTx, wanted: AssetFilter) -> Page[AssetRead]:
    view = fleet(tx, wanted.as_of)
    conditions = _conditions(
        view,
        (Asset.asset_type, wanted.asset_type),
        (view.lifecycle, wanted.lifecycle_status),
        (view.status, wanted.availability_status),
        (view.health_status, wanted.health_status),
    )
    return _page(tx, view, conditions, wanted)


def pool(tx: ReadTx, wanted: PoolFilter) -> Page[AssetRead]:
    """What can be had: never a retired asset."""
    view = fleet(tx, wanted.as_of)
    conditions = _pool_conditions(view, wanted)
    conditions.append(view.status == wanted.availability_status.value)
    return _page(tx, view, conditions, wanted)


def summary(tx: ReadTx, wanted: PoolSummaryFilter) -> list[PoolSummaryRow]:
    """True totals per region, sorted by region: every state counted, not only what is available."""
    view = fleet(tx, wanted.as_of)
    conditions = _in_region(tx, view, wanted.region_code, _pool_conditions(view, wanted))
    region = func.coalesce(view.region_code, UNASSIGNED)
    statement = (
        select(
            region.label("region"),
            Asset.asset_type.label("type"),
            view.status.label("availability"),
            func.count().label("total"),
            func.count().filter(view.health_status == HealthStatus.HEALTHY.value).label("healthy"),
            func.count(view.health_score).label("scored"),
            func.coalesce(func.sum(view.health_score), 0).label("score"),
        )
        .select_from(view.source)
        .where(*conditions)
        .group_by(region, Asset.asset_type, view.status)
    )
    return _rolled_up(tx.all(statement))


def shown(tx: ReadTx, rows: Sequence[AnyRow], as_of: datetime | None) -> list[AssetRead]:
    """Rows of `Derived.columns` as they are sent."""
    at = as_of or tx.now
    held = [row.id for row in rows if row.blocks]
    taken: dict[UUID, list[Span]] = {}
    if held and as_of is None:
        for asset_id, starts_at, ends_at, standing in tx.all(upcoming(held, at)):
            taken.setdefault(asset_id, []).append(Span(starts_at, ends_at, standing))
    return [_asset(row, at, taken.get(row.id, [])) for row in rows]


def _asset(row: AnyRow, at: datetime, taken: list[Span]) -> AssetRead:
    fields = dict(row._mapping)  # noqa: SLF001 SQLAlchemy's public name for it
    blocks = fields.pop("blocks") or []
    reasons = _reasons(fields, blocks)
    free_at = None
    if reasons and taken and row.retired_at is None and row.health_status != HealthStatus.CRITICAL:
        free_at = next_available(taken, at)
    return AssetRead(**fields, availability_reasons=reasons, next_available_at=free_at)


def _reasons(fields: dict[str, Any], blocks: list[dict[str, Any]]) -> list[AvailabilityReason]:
    reasons = []
    if fields["retired_at"] is not None:
        reasons.append(_reason("RETIRED", detail=fields["retired_reason"], starts_at=fields["retired_at"]))
    if fields["health_status"] == HealthStatus.CRITICAL:
        reasons.append(_reason("HEALTH_CRITICAL", starts_at=fields["last_health_at"]))
    reasons += [
        _reason(
            block["kind"],
            ref=_ref(block),
            detail=block["reason"] or block["stated"],
            starts_at=block["starts_at"],
            until=None if block["standing"] else block["ends_at"],
        )
        for block in blocks
    ]
    return reasons


def _reason(code: str, **known: Any) -> AvailabilityReason:
    empty = {"ref": None, "detail": None, "starts_at": None, "until": None}
    return AvailabilityReason(code=code, **(empty | known))


def _ref(block: dict[str, Any]) -> str | None:
    if block["work_order_id"]:
        return f"workorder:{block['work_order_id']}"
    return f"reservation:{block['reservation_id']}" if block["reservation_id"] else None


def _conditions(view: Derived, *wanted: tuple[Any, Any]) -> list[ColumnElement[bool]]:
    return [view.existing, *(column == str(value) for column, value in wanted if value is not None)]


def _pool_conditions(view: Derived, wanted: PoolFilter | PoolSummaryFilter) -> list[ColumnElement[bool]]:
    conditions = _conditions(
        view, (Asset.asset_type, wanted.asset_type), (view.health_status, wanted.health_status)
    )
    conditions.append(view.retired_at.is_(None))
    if wanted.min_health_score is not None:
        conditions.append(view.health_score >= wanted.min_health_score)
    return conditions


def _in_region(
    tx: ReadTx, view: Derived, code: str | None, conditions: list[ColumnElement[bool]]
) -> list[ColumnElement[bool]]:
    if code is None:
        return conditions
    if code == UNASSIGNED:
        return [*conditions, view.region_id.is_(None)]
    regions = subtree(tx, code)
    return [*conditions, view.region_id.in_(regions) if regions is not None else false()]


def _page(
    tx: ReadTx, view: Derived, conditions: list[ColumnElement[bool]], wanted: AssetFilter | PoolFilter
) -> Page[AssetRead]:
    conditions = _in_region(tx, view, wanted.region_code, conditions)
    statement: AnySelect = view.columns().where(*conditions)
    found = page(tx, statement, wanted, lambda row: row, keys=SORT, default="id")
    return Page(shown(tx, found.items, wanted.as_of), found.next_cursor, found.total)


def _rolled_up(rows: Sequence[AnyRow]) -> list[PoolSummaryRow]:
    regions: dict[str, list[AnyRow]] = {}
    for row in rows:
        regions.setdefault(row.region, []).append(row)
    return [_region(code, regions[code]) for code in sorted(regions)]


def _region(code: str, rows: list[AnyRow]) -> PoolSummaryRow:
    by_type: dict[str, int] = {}
    by_availability: dict[str, int] = {}
    for row in rows:
        by_type[row.type] = by_type.get(row.type, 0) + row.total
        by_availability[row.availability] = by_availability.get(row.availability, 0) + row.total
    scored = sum(row.scored for row in rows)
    return PoolSummaryRow(
        region_code=code,
        total_assets=sum(row.total for row in rows),
        available_assets=by_availability.get(Availability.AVAILABLE, 0),
        by_type=dict(sorted(by_type.items())),
        by_availability=dict(sorted(by_availability.items())),
        healthy_assets=sum(row.healthy for row in rows),
        average_health_score=round(sum(row.score for row in rows) / scored, 2) if scored else None,
    )
