"""Availability, derived: the one SQL expression behind every list, filter and summary.

First match wins: retired; grounded or health critical; maintenance; a manual statement's word; reserved; else
available. Installation changes nothing: an asset in a drone is in the pool.

The expression is built once. The instant is the parameter `at` of every statement made from it, and the enum words
stand in its text, so that a request neither builds it again nor sends twenty constants.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    FromClause,
    SQLColumnExpression,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from app.domains.assets.facts.models import Asset, HealthReport, Installation, Placement
from app.domains.assets.regions.models import Region
from app.domains.assets.timeline.models import AssetBlock
from app.domains.assets.words import Availability, BlockKind, HealthStatus, Lifecycle
from app.kernel.tx import AnySelect

AT: ColumnElement[datetime] = bindparam("at", type_=DateTime(timezone=True))
_SHOWN = (
    "id",
    "kind",
    "stated",
    "reason",
    "starts_at",
    "ends_at",
    "standing",
    "reservation_id",
    "work_order_id",
)


def word(value: StrEnum) -> ColumnElement[str]:
    """A word of ours as a literal in the SQL text."""
    return literal_column(f"'{value.value}'", Text)


@dataclass(frozen=True, slots=True)
class Derived:
    """Columns over assets as they are, or were, at one instant, and the FROM clause that they need."""

    source: FromClause
    status: SQLColumnExpression[Any]
    lifecycle: SQLColumnExpression[Any]
    health_status: SQLColumnExpression[Any]
    health_score: SQLColumnExpression[Any]
    last_health_at: SQLColumnExpression[Any]
    region_id: SQLColumnExpression[Any]
    region_code: SQLColumnExpression[Any]
    drone_id: SQLColumnExpression[Any]
    bound_at: SQLColumnExpression[Any]
    slot: SQLColumnExpression[Any]
    retired_at: SQLColumnExpression[Any]
    blocks: SQLColumnExpression[Any]
    existing: SQLColumnExpression[Any]

    def columns(self) -> AnySelect:
        """Everything an asset is shown with."""
        return select(
            Asset.tenant_id,
            Asset.id,
            Asset.asset_type,
            Asset.asset_code,
            Asset.name,
            Asset.serial_number,
            self.lifecycle.label("lifecycle_status"),
            self.status.label("availability_status"),
            self.health_status.label("health_status"),
            self.health_score.label("health_score"),
            self.region_code.label("region_code"),
            self.drone_id.label("bound_to_drone_id"),
            self.slot.label("slot"),
            Asset.detail,
            self.bound_at.label("bound_at"),
            self.last_health_at.label("last_health_at"),
            self.retired_at.label("retired_at"),
            case((self.retired_at.is_not(None), Asset.retired_reason)).label("retired_reason"),
            Asset.version,
            Asset.created_at,
            Asset.updated_at,
            self.blocks.label("blocks"),
        ).select_from(self.source)


def in_force(at: ColumnElement[datetime], *, now: bool) -> ColumnElement[bool]:
    """Whether a block holds its asset at this instant. `now` lets the index of active blocks be used."""
    ended = AssetBlock.active if now else or_(AssetBlock.ended_at.is_(None), AssetBlock.ended_at > at)
    return and_(ended, AssetBlock.starts_at <= at, or_(AssetBlock.ends_at > at, AssetBlock.standing))


def period_at(
    fact: type[Placement | Installation], at: ColumnElement[datetime], *, now: bool
) -> ColumnElement[bool]:
    if now:
        return fact.ends_at.is_(None)
    return and_(fact.starts_at <= at, or_(fact.ends_at.is_(None), fact.ends_at > at))


@cache
def derived(*, now: bool) -> Derived:
    """The fleet at the instant `at`. `now=True` says that it is the present, which is searched faster."""
    held = _held(AT, now=now)
    health = _health(AT, now=now)
    placed = and_(
        Placement.tenant_id == Asset.tenant_id,
        Placement.asset_id == Asset.id,
        period_at(Placement, AT, now=now),
    )
    installed = and_(
        Installation.tenant_id == Asset.tenant_id,
        Installation.asset_id == Asset.id,
        period_at(Installation, AT, now=now),
    )
    source: Any = (
        Asset.__table__.outerjoin(
            held, and_(held.c.tenant_id == Asset.tenant_id, held.c.asset_id == Asset.id)
        )
        .outerjoin(Placement, placed)
        .outerjoin(Region, and_(Region.tenant_id == Placement.tenant_id, Region.id == Placement.region_id))
        .outerjoin(Installation, installed)
    )
    if health is not None:
        source = source.outerjoin(health, true())
    health_status = (
        Asset.health_status
        if health is None
        else func.coalesce(health.c.health_status, word(HealthStatus.UNKNOWN))
    )
    # A plain column in the present: the planner knows how often it is null, of a CASE it knows nothing.
    retired_at: ColumnElement[Any] = (
        Asset.__table__.c.retired_at if now else case((Asset.retired_at <= AT, Asset.retired_at))
    )
    return Derived(
        source=source,
        status=_status(held, retired_at, health_status),
        lifecycle=case(
            (retired_at.is_not(None), word(Lifecycle.RETIRED)),
            (Installation.id.is_not(None), word(Lifecycle.BOUND)),
            else_=word(Lifecycle.REGISTERED),
        ),
        health_status=health_status,
        health_score=health.c.health_score if health is not None else Asset.health_score,
        last_health_at=health.c.reported_at if health is not None else Asset.last_health_at,
        region_id=Placement.region_id,
        region_code=Region.code,
        drone_id=Installation.drone_id,
        bound_at=Installation.starts_at,
        slot=Installation.slot,
        retired_at=retired_at,
        blocks=held.c.blocks,
        existing=true() if now else Asset.created_at <= AT,
    )


def _status(
    held: FromClause, retired_at: ColumnElement[Any], health_status: SQLColumnExpression[Any]
) -> ColumnElement[str]:
    return case(
        (retired_at.is_not(None), word(Availability.UNAVAILABLE)),
        (or_(held.c.grounded, health_status == word(HealthStatus.CRITICAL)), word(Availability.UNAVAILABLE)),
        (held.c.maintained, word(Availability.MAINTENANCE)),
        (held.c.stated.is_not(None), held.c.stated),
        (held.c.reserved, word(Availability.RESERVED)),
        else_=word(Availability.AVAILABLE),
    )


def _held(at: ColumnElement[datetime], *, now: bool) -> FromClause:
    """Per asset: what kinds of block hold it at the instant, and the blocks themselves."""
    named = ((literal_column(f"'{name}'", Text), getattr(AssetBlock, name)) for name in _SHOWN)
    block = func.jsonb_build_object(*chain.from_iterable(named))
    order = aggregate_order_by(block, AssetBlock.starts_at, AssetBlock.id)
    return (
        select(
            AssetBlock.tenant_id,
            AssetBlock.asset_id,
            func.bool_or(AssetBlock.kind == word(BlockKind.GROUNDING)).label("grounded"),
            func.bool_or(AssetBlock.kind == word(BlockKind.MAINTENANCE)).label("maintained"),
            func.bool_or(AssetBlock.kind == word(BlockKind.RESERVATION)).label("reserved"),
            func.max(AssetBlock.stated).label("stated"),
            func.jsonb_agg(order, type_=JSONB).label("blocks"),
        )
        .where(in_force(at, now=now))
        .group_by(AssetBlock.tenant_id, AssetBlock.asset_id)
        .subquery("held")
    )


def _health(at: ColumnElement[datetime], *, now: bool) -> Any:
    """The latest report at an instant in the past; the present is on the asset itself."""
    if now:
        return None
    return (
        select(HealthReport.health_status, HealthReport.health_score, HealthReport.reported_at)
        .where(
            HealthReport.tenant_id == Asset.tenant_id,
            HealthReport.asset_id == Asset.id,
            HealthReport.reported_at <= at,
        )
        .order_by(HealthReport.reported_at.desc(), HealthReport.id.desc())
        .limit(1)
        .lateral("health")
    )
