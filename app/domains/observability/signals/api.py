"""Reading signals, adding them up, and their settings."""

from typing import Annotated

from fastapi import Query

from app.domains.observability import permissions as p
from app.domains.observability.signals import aggregate, reads, service
from app.domains.observability.signals.errors import NotRolledUp, RangeTooFine
from app.domains.observability.signals.preferences import preferences
from app.domains.observability.signals.schemas import (
    Aggregate,
    AggregateRead,
    Overview,
    OverviewFilter,
    SettingsRead,
    SettingsWrite,
    SignalFilter,
    SignalRead,
)
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/observability", tags=["Signals"])


@router.get("/signals", permission=p.OBSERVABILITY_READ)
def list_signals(tx: ReadTx, wanted: Annotated[SignalFilter, Query()]) -> Page[SignalRead]:
    """Signals, newest first."""
    return reads.list_signals(tx, wanted)


@router.get("/overview", permission=p.OBSERVABILITY_READ)
def read_signal_overview(tx: ReadTx, wanted: Annotated[OverviewFilter, Query()]) -> Overview:
    """How many signals and errors in the last minutes, and the p95 of their durations; exact."""
    return reads.overview(tx, wanted.window_minutes)


@router.post("/signals:aggregate", permission=p.OBSERVABILITY_READ, errors=[RangeTooFine, NotRolledUp])
def aggregate_signals(body: Aggregate, tx: ReadTx) -> AggregateRead:
    """Add signals up by step and group, from raw signals or from roll-ups; the answer says which."""
    return aggregate.aggregate(tx, body)


@router.get("/signals/settings", permission=p.OBSERVABILITY_READ)
def get_signal_settings(tx: ReadTx) -> SettingsRead:
    """How long signals are kept, and how many a second may be sent."""
    return SettingsRead.model_validate(preferences(tx))


@router.put("/signals/settings", permission=p.OBSERVABILITY_WRITE)
def set_signal_settings(body: SettingsWrite, tx: WriteTx) -> SettingsRead:
    """Set how long signals are kept, and how many a second may be sent."""
    return SettingsRead.model_validate(service.change_settings(tx, body))
