"""Carrying the checks out: each in a read-only transaction of its own, so that one that breaks spoils no other."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from app.domains.observability.inspections import config
from app.domains.observability.inspections.checks import CHECKS, Check
from app.domains.observability.inspections.checks.base import (
    AuditPlace,
    Ground,
    NotApplicable,
    Outcome,
    warned,
)
from app.kernel.db.engine import Database, bind
from app.kernel.security.principal import system
from app.kernel.tx import Origin, ReadTx
from app.settings import Settings

log = structlog.get_logger("hangar.inspections")

LONGEST_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class Findings:
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    not_applicable: dict[str, str] = field(default_factory=dict)


def look(
    database: Database,
    tenant_id: UUID,
    origin: Origin,
    audit_from: AuditPlace | None = None,
    *,
    settings: Settings | None = None,
    checks: Iterable[Check] = CHECKS,
) -> Findings:
    """What each check finds for this tenant. A check that raises is a warning: nothing is known to be wrong."""
    found = Findings()
    for check in checks:
        outcome = _one(database, tenant_id, origin, audit_from, settings or config.current(), check)
        if isinstance(outcome, NotApplicable):
            found.not_applicable[check.key] = outcome.reason
        else:
            found.outcomes[check.key] = outcome
    return found


def _one(
    database: Database,
    tenant_id: UUID,
    origin: Origin,
    audit_from: AuditPlace | None,
    settings: Settings,
    check: Check,
) -> Outcome | NotApplicable:
    try:
        with database.connect() as conn, conn.begin():
            principal = system(tenant_id, "inspection")
            bind(conn, tenant_id, principal.actor, read_only=True)
            return check.look(Ground(ReadTx(conn, principal, origin), database, settings, audit_from))
    except Exception as error:
        log.exception("inspection_check_failed", check=check.key, tenant_id=str(tenant_id))
        return warned(
            f"The check could not be carried out: {type(error).__name__}.", error=type(error).__name__
        )
