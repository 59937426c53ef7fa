"""Availability, derived: the one SQL expression behind every list, filter and summary.

First match wins: retired; grounded or health critical; maintenance; a manual statement's word; reserved; else
available. Installation changes nothing: an asset in a drone is in the pool.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    SQLColumnExpression,
    and_,
    case,
    func,
    literal,
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


def derived(instant: datetime, *, now: bool) -> Derived:
    """The fleet at `instant`. `now=True` says that it is the present, which is searched faster."""
    at = literal(instant)
    held = _held(at, now=now)
    health = _health(at, now=now)
    placed = and_(
        Placement.tenant_id == Asset.tenant_id,
        Placement.asset_id == Asset.id,
        period_at(Placement, at, now=now),
    )
    installed = and_(
        Installation.tenant_id == Asset.tenant_id,
        Installation.asset_id == Asset.id,
        period_at(Installation, at, now=now),
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
        func.coalesce(health.c.health_status, "UNKNOWN") if health is not None else Asset.health_status
    )
    retired_at = case((Asset.retired_at <= at, Asset.retired_at))
    return Derived(
        source=source,
        status=_status(held, retired_at, health_status),
        lifecycle=case(
            (retired_at.is_not(None), Lifecycle.RETIRED.value),
            (Installation.id.is_not(None), Lifecycle.BOUND.value),
            else_=Lifecycle.REGISTERED.value,
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
        existing=true() if now else Asset.created_at <= at,
    )


def _status(
    held: FromClause, retired_at: ColumnElement[Any], health_status: SQLColumnExpression[Any]
) -> ColumnElement[str]:
    return case(
        (retired_at.is_not(None), Availability.UNAVAILABLE.value),
        (or_(held.c.grounded, health_status == HealthStatus.CRITICAL.value), Availability.UNAVAILABLE.value),
        (held.c.maintained, Availability.MAINTENANCE.value),
        (held.c.stated.is_not(None), held.c.stated),
        (held.c.reserved, Availability.RESERVED.value),
        else_=Availability.AVAILABLE.value,
    )


def _held(at: ColumnElement[datetime], *, now: bool) -> FromClause:
    """Per asset: what kinds of block hold it at the instant, and the blocks themselves."""
    block = func.jsonb_build_object(
        "id", AssetBlock.id,
        "kind", AssetBlock.kind,
        "stated", AssetBlock.stated,
        "reason", AssetBlock.reason,
        "starts_at", AssetBlock.starts_at,
        "ends_at", AssetBlock.ends_at,
        "standing", AssetBlock.standing,
        "reservation_id", AssetBlock.reservation_id,
        "work_order_id", AssetBlock.work_order_id,
    )  # fmt: skip
    order = aggregate_order_by(block, AssetBlock.starts_at, AssetBlock.id)
    return (
        select(
            AssetBlock.tenant_id,
            AssetBlock.asset_id,
            func.bool_or(AssetBlock.kind == BlockKind.GROUNDING.value).label("grounded"),
            func.bool_or(AssetBlock.kind == BlockKind.MAINTENANCE.value).label("maintained"),
            func.bool_or(AssetBlock.kind == BlockKind.RESERVATION.value).label("reserved"),
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
