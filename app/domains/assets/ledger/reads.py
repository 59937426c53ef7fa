"""Reading the fleet: rows of the derived query as assets, with reasons and the next free instant."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, SQLColumnExpression, Text, Uuid, bindparam, func, select

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
from app.domains.assets.regions.queries import BELOW, subtree
from app.domains.assets.timeline.availability import Derived, derived, word
from app.domains.assets.timeline.gaps import Span, next_available
from app.domains.assets.timeline.service import upcoming
from app.domains.assets.words import UNASSIGNED, Availability, HealthStatus
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
_EQUAL = ("asset_type", "lifecycle_status", "availability_status", "health_status")
Values = dict[str, Any]


def one(tx: ReadTx, asset_id: UUID, as_of: datetime | None = None) -> AssetRead:
    """Raises `AssetNotFound`, also for an instant before the asset was registered."""
    statement = _search(as_of is None, frozenset({"asset_id"}))
    row = tx.one(statement, AssetNotFound, {"at": as_of or tx.now, "asset_id": asset_id})
    return shown(tx, [row], as_of)[0]


def many(tx: ReadTx, wanted: AssetFilter) -> Page[AssetRead]:
    return _page(tx, wanted, set())


def pool(tx: ReadTx, wanted: PoolFilter) -> Page[AssetRead]:
    """What can be had: never a retired asset."""
    return _page(tx, wanted, {"in_service"})


def summary(tx: ReadTx, wanted: PoolSummaryFilter) -> list[PoolSummaryRow]:
    """True totals per region, sorted by region: every state counted, not only what is available."""
    filters, values = _wanted(tx, wanted)
    statement = _totals(wanted.as_of is None, frozenset(filters | {"in_service"}))
    return _rolled_up(tx.all(statement, values))


def _page(tx: ReadTx, wanted: AssetFilter | PoolFilter, always: set[str]) -> Page[AssetRead]:
    filters, values = _wanted(tx, wanted)
    statement = _search(wanted.as_of is None, frozenset(filters | always))
    found = page(tx, statement, wanted, lambda row: row, keys=SORT, default="id", values=values)
    return Page(shown(tx, found.items, wanted.as_of), found.next_cursor, found.total)


def _wanted(tx: ReadTx, wanted: AssetFilter | PoolFilter | PoolSummaryFilter) -> tuple[set[str], Values]:
    """Which conditions a filter asks for, and the values of their parameters."""
    values: Values = {"at": wanted.as_of or tx.now}
    for name in (*_EQUAL, "min_health_score"):
        value = getattr(wanted, name, None)
        if value is not None:
            values[name] = value.value if isinstance(value, StrEnum) else value
    filters = set(values) - {"at"}
    if wanted.region_code == UNASSIGNED:
        filters.add("unassigned")
    elif wanted.region_code is not None:
        filters.add("region")
        values |= subtree(tx, wanted.region_code)
    return filters, values


@cache
def _search(present: bool, filters: frozenset[str]) -> AnySelect:
    """Assets under these conditions: built once for every combination that is asked for."""
    view = derived(now=present)
    return view.columns().where(*_conditions(view, filters))


@cache
def _totals(present: bool, filters: frozenset[str]) -> AnySelect:
    view = derived(now=present)
    region = func.coalesce(view.region_code, UNASSIGNED).label("region")
    return (
        select(
            region,
            Asset.asset_type.label("type"),
            view.status.label("availability"),
            func.count().label("total"),
            func.count().filter(view.health_status == word(HealthStatus.HEALTHY)).label("healthy"),
            func.count(view.health_score).label("scored"),
            func.coalesce(func.sum(view.health_score), 0).label("score"),
        )
        .select_from(view.source)
        .where(*_conditions(view, filters))
        .group_by("region", Asset.asset_type, "availability")
    )


def _conditions(view: Derived, filters: frozenset[str]) -> list[SQLColumnExpression[bool]]:
    possible: dict[str, SQLColumnExpression[bool]] = {
        "asset_id": Asset.id == bindparam("asset_id", type_=Uuid),
        "asset_type": Asset.asset_type == bindparam("asset_type", type_=Text),
        "lifecycle_status": view.lifecycle == bindparam("lifecycle_status", type_=Text),
        "availability_status": view.status == bindparam("availability_status", type_=Text),
        "health_status": view.health_status == bindparam("health_status", type_=Text),
        "min_health_score": view.health_score >= bindparam("min_health_score", type_=Integer),
        "in_service": view.retired_at.is_(None),
        "unassigned": view.region_id.is_(None),
        "region": view.region_id.in_(BELOW),
    }
    return [view.existing, *(possible[name] for name in sorted(filters))]


def shown(tx: ReadTx, rows: Sequence[AnyRow], as_of: datetime | None) -> list[AssetRead]:
    """Rows of `Derived.columns` as they are sent."""
    at = as_of or tx.now
    held = [row.id for row in rows if row.blocks]
    taken: dict[UUID, list[Span]] = {}
    if held and as_of is None:
        for asset_id, starts_at, ends_at, standing in tx.all(*upcoming(held, at)):
            taken.setdefault(asset_id, []).append(Span(starts_at, ends_at, standing))
    return [_asset(row, at, taken.get(row.id, [])) for row in rows]


def _asset(row: AnyRow, at: datetime, taken: list[Span]) -> AssetRead:
    fields = dict(zip(row._fields, row, strict=True))
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
