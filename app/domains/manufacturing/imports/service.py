"""Import plans: read a file, say what it would change, and carry that out whole or not at all."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.domains.manufacturing.imports import boms, files, items
from app.domains.manufacturing.imports.errors import FileUnreadable, ImportNotFound, ImportRefused
from app.domains.manufacturing.imports.events import ImportApplied, ImportPlanned
from app.domains.manufacturing.imports.models import ImportPlan
from app.domains.manufacturing.imports.plan import Plan
from app.domains.manufacturing.imports.schemas import (
    BomRow,
    ImportKind,
    ImportRead,
    ItemRow,
)
from app.kernel.api.pagination import PageParams, page
from app.kernel.api.schemas import Page
from app.kernel.events.envelope import ref
from app.kernel.tx import AnyRow, ReadTx, WriteTx

SHOWN = 1000
_COLUMNS = select(*ImportPlan.__table__.c)


def plan(tx: WriteTx, content: bytes, file_name: str | None) -> ImportPlan:
    """Raises `FileUnreadable`. Changes nothing but the list of plans."""
    try:
        header, rows = files.read(content)
    except files.UnreadableError as error:
        raise FileUnreadable(str(error)) from error
    kind = _kind(header)
    found = _work(tx, kind, rows, apply=False)
    row = tx.add(
        ImportPlan(
            kind=kind,
            file_name=(file_name or "")[:200] or None,
            status="INVALID" if found.errors else "PLANNED",
            rows=[list(one) for one in rows],
            changes=found.changes,
            errors=found.errors,
            unchanged_count=found.unchanged,
            created_by=tx.actor,
            created_at=tx.now,
        )
    )
    tx.emit(
        ImportPlanned(import_id=row.id, kind=kind, changes=len(found.changes), errors=len(found.errors)),
        subject=ref("import", row.id),
    )
    return row


def apply(tx: WriteTx, import_id: UUID) -> ImportPlan:
    """Carry out what the file means now; a plan that was applied stays as it is.

    Raises `ImportNotFound`, `ImportRefused`: then nothing was changed.
    """
    row = tx.get(select(ImportPlan).where(ImportPlan.id == import_id).with_for_update(), ImportNotFound)
    if row.applied_at is not None:
        return row
    tx.match(row)
    found = _work(tx, ImportKind(row.kind), [(one[0], one[1]) for one in row.rows], apply=True)
    if found.errors:
        raise ImportRefused(
            f"{len(found.errors)} errors; nothing was changed.",
            rows=[dict(one) for one in found.errors[:SHOWN]],
            error_count=len(found.errors),
        )
    row.changes, row.errors, row.unchanged_count = found.changes, [], found.unchanged
    row.status, row.applied_at = "APPLIED", tx.now
    row.version += 1
    tx.flush()
    tx.emit(
        ImportApplied(import_id=row.id, kind=row.kind, changes=len(found.changes)),
        subject=ref("import", row.id),
    )
    return row


def one(tx: ReadTx, import_id: UUID) -> ImportRead:
    """Raises `ImportNotFound`."""
    return shown(tx.one(_COLUMNS.where(ImportPlan.id == import_id), ImportNotFound))


def many(tx: ReadTx, wanted: PageParams) -> Page[ImportRead]:
    keys = {"created_at": ImportPlan.created_at, "id": ImportPlan.id}
    return page(tx, _COLUMNS, wanted, shown, keys=keys, default="-created_at")


def shown(row: ImportPlan | AnyRow) -> ImportRead:
    changes: list[Any] = row.changes
    created = sum(one["change"] == "CREATE" for one in changes)
    return ImportRead(
        id=row.id,
        kind=ImportKind(row.kind),
        file_name=row.file_name,
        status=row.status,
        row_count=len(row.rows),
        create_count=created,
        update_count=len(changes) - created,
        unchanged_count=row.unchanged_count,
        error_count=len(row.errors),
        errors=row.errors[:SHOWN],
        changes=changes[:SHOWN],
        created_by=row.created_by,
        created_at=row.created_at,
        applied_at=row.applied_at,
        version=row.version,
    )


def _kind(header: list[str]) -> ImportKind:
    """By its columns. Raises `FileUnreadable` for columns that mean nothing."""
    kind = ImportKind.BOMS if "component_code" in header else ImportKind.ITEMS
    model = BomRow if kind is ImportKind.BOMS else ItemRow
    unknown = [name for name in header if name and name not in model.model_fields]
    missing = [
        name for name, field in model.model_fields.items() if field.is_required() and name not in header
    ]
    if unknown or missing:
        said = [f"unknown columns: {', '.join(unknown)}"] if unknown else []
        said += [f"missing columns: {', '.join(missing)}"] if missing else []
        raise FileUnreadable(f"{'; '.join(said).capitalize()}.")
    return kind


def _work(tx: WriteTx, kind: ImportKind, rows: list[files.NumberedRow], *, apply: bool) -> Plan:
    if kind is ImportKind.BOMS:
        return boms.work(tx, rows, apply=apply)
    return items.work(tx, rows, apply=apply)
