"""Reading inspections."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select

from app.domains.observability.inspections.checks import BY_KEY
from app.domains.observability.inspections.errors import InspectionNotFound
from app.domains.observability.inspections.models import InspectionItem, InspectionRun, InspectionWaiver
from app.domains.observability.inspections.schemas import CheckRead, InspectionItemRead, InspectionRead
from app.domains.observability.inspections.words import InspectionStatus
from app.kernel.tx import AnyRow, AnySelect, ReadTx

RUNS: AnySelect = select(*(column for column in InspectionRun.__table__.c if column.key != "audit_hash"))
RUN_KEYS = {"id": InspectionRun.id, "created_at": InspectionRun.created_at}
_GONE = "This release no longer carries out this check."


def runs(tenant_id: UUID, status: InspectionStatus | None) -> Select[Any]:
    found = RUNS.where(InspectionRun.tenant_id == tenant_id)
    return found if status is None else found.where(InspectionRun.status == status)


def read(tx: ReadTx, run_id: UUID) -> InspectionRead:
    """Raises `InspectionNotFound`."""
    row = tx.one(runs(tx.tenant_id, None).where(InspectionRun.id == run_id), InspectionNotFound)
    return as_run(row, items(tx, [run_id]).get(run_id, []))


def is_finished(tx: ReadTx, run_id: UUID) -> bool:
    """Raises `InspectionNotFound`."""
    wanted = select(InspectionRun.status).where(
        InspectionRun.tenant_id == tx.tenant_id, InspectionRun.id == run_id
    )
    return bool(tx.one(wanted, InspectionNotFound).status != InspectionStatus.RUNNING)


def items(tx: ReadTx, run_ids: Sequence[UUID]) -> dict[UUID, list[InspectionItemRead]]:
    """The items of several runs, each run's in the order of the checks."""
    rows = tx.all(
        select(*InspectionItem.__table__.c).where(
            InspectionItem.tenant_id == tx.tenant_id, InspectionItem.run_id.in_(run_ids)
        )
    )
    place = {key: number for number, key in enumerate(BY_KEY)}
    found: dict[UUID, list[InspectionItemRead]] = {}
    for row in sorted(rows, key=lambda row: (place.get(row.check_key, len(place)), row.check_key)):
        found.setdefault(row.run_id, []).append(_as_item(row))
    return found


def as_run(row: Row[Any], found: list[InspectionItemRead]) -> InspectionRead:
    return InspectionRead.model_validate({**row._mapping, "items": found})  # noqa: SLF001 a row's public mapping


def _as_item(row: Row[Any]) -> InspectionItemRead:
    check = BY_KEY.get(row.check_key)
    return InspectionItemRead(
        check_key=row.check_key,
        title=check.title if check else row.check_key,
        severity=row.severity,
        status=row.status,
        message=row.message,
        remediation=check.remediation if check else _GONE,
        waived=row.waived,
        evidence=row.evidence,
    )


def last_completed(tx: ReadTx) -> AnyRow | None:
    """The newest completed run: `id, score_percent, audit_seq, audit_hash`."""
    return tx.first(
        select(
            InspectionRun.id, InspectionRun.score_percent, InspectionRun.audit_seq, InspectionRun.audit_hash
        )
        .where(InspectionRun.tenant_id == tx.tenant_id, InspectionRun.status == InspectionStatus.COMPLETED)
        .order_by(InspectionRun.created_at.desc(), InspectionRun.id.desc())
        .limit(1)
    )


def statuses(tx: ReadTx, run_id: UUID) -> dict[str, str]:
    """Status by check key."""
    rows = tx.all(
        select(InspectionItem.check_key, InspectionItem.status).where(
            InspectionItem.tenant_id == tx.tenant_id, InspectionItem.run_id == run_id
        )
    )
    return {row.check_key: row.status for row in rows}


def waivers(tx: ReadTx) -> dict[str, AnyRow]:
    """The waivers that hold now, by check key."""
    rows = tx.all(
        select(*InspectionWaiver.__table__.c).where(
            InspectionWaiver.tenant_id == tx.tenant_id, InspectionWaiver.expires_at > tx.now
        )
    )
    return {row.check_key: row for row in rows}


def checks(tx: ReadTx) -> list[CheckRead]:
    holding = waivers(tx)
    return [
        CheckRead(
            check_key=check.key,
            title=check.title,
            severity=check.severity,
            remediation=check.remediation,
            waived_until=holding[check.key].expires_at if check.key in holding else None,
            waiver_reason=holding[check.key].reason if check.key in holding else None,
        )
        for check in BY_KEY.values()
    ]
