"""Making an artefact: every table of the tenant in one snapshot, as the app role and so behind row security."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import psycopg
from sqlalchemy import Connection

from app.domains.observability.backups.artefact import (
    FORMAT,
    Artefact,
    FileEntry,
    LineFile,
    Manifest,
    TableEntry,
    table_rows,
    write_manifest,
)
from app.domains.observability.backups.errors import Broken
from app.domains.observability.backups.lines import differences, in_order
from app.domains.observability.backups.tables import OUTPUT_SETTINGS, Shape, read_rows, shapes
from app.kernel.db.engine import Database, bind

Told = Callable[[int, int, str], None]
_TELL_EVERY = 50_000


@dataclass(frozen=True, slots=True)
class Made:
    """What was written. `changed` and `deleted` are what this artefact holds, `rows` what the tenant had."""

    checksum: str
    parent_id: UUID | None
    schema_revision: str
    snapshot_at: datetime
    tables: int
    rows: int
    changed: int
    deleted: int
    size: int


@contextmanager
def snapshot(database: Database, tenant_id: UUID, actor: str) -> Iterator[psycopg.Connection]:
    """One REPEATABLE READ transaction of the tenant, read-only, with the output settings of backups."""
    with database.connect() as pooled:
        conn = pooled.execution_options(isolation_level="REPEATABLE READ")
        with conn.begin():
            bind(conn, tenant_id, actor, read_only=True)
            conn.exec_driver_sql(OUTPUT_SETTINGS)
            yield driver_of(conn)


def schema_revision(conn: psycopg.Connection) -> str:
    """Raises `Broken` when the database was never migrated."""
    found = conn.execute("SELECT version_num FROM public.alembic_version").fetchone()
    if found is None:
        raise Broken("schema_unknown", "The database does not say which revision it is at.")
    return str(found[0])


def make(
    conn: psycopg.Connection, tenant_id: UUID, run_id: UUID, path: Path, parent: list[Artefact], tell: Told
) -> Made:
    """Write the artefact into `path`, an empty directory. `parent`: the chain to build on, oldest first, or `[]`.

    `tell(done, total, message)` is called between tables and now and then; what it raises ends the work. A parent
    of another schema is not built on. Raises `Broken`.
    """
    now, version = conn.execute("SELECT now(), current_setting('server_version')").fetchone() or ("", "")
    revision = schema_revision(conn)
    found = shapes(conn)
    if parent and not _same_schema(parent[-1], revision, found):
        parent = []
    entries = []
    for number, shape in enumerate(found):
        tell(number, len(found), shape.name)

        def still(rows: int, number: int = number, name: str = shape.name) -> None:
            tell(number, len(found), f"{name}: {rows} rows")

        entries.append(_table(conn, shape, tenant_id, path, parent, still))
    manifest = Manifest(
        format=FORMAT,
        tenant_id=tenant_id,
        run_id=run_id,
        parent_id=parent[-1].manifest.run_id if parent else None,
        schema_revision=revision,
        snapshot_at=now,
        server_version=version,
        tables=tuple(entries),
    )
    checksum = write_manifest(path, manifest)
    files = list(Artefact(path, manifest).files())
    return Made(
        checksum=checksum,
        parent_id=manifest.parent_id,
        schema_revision=revision,
        snapshot_at=now,
        tables=len(entries),
        rows=sum(entry.rows for entry in entries),
        changed=sum(entry.data.lines for entry in entries if entry.data),
        deleted=sum(entry.deleted.lines for entry in entries if entry.deleted),
        size=sum(file.size for file in files),
    )


def _table(
    conn: psycopg.Connection,
    shape: Shape,
    tenant_id: UUID,
    path: Path,
    parent: list[Artefact],
    still: Callable[[int], None],
) -> TableEntry:
    digest, rows = hashlib.sha256(), 0
    data, deleted = _LazyFile(path / f"{shape.name}.data.gz"), _LazyFile(path / f"{shape.name}.deleted.gz")
    for line, changed in _lines(conn, shape, tenant_id, parent, deleted.write):
        digest.update(line)
        rows += 1
        if changed:
            data.write(line)
        if rows % _TELL_EVERY == 0:
            still(rows)
    return TableEntry(
        shape=shape, rows=rows, sha256=digest.hexdigest(), data=data.close(), deleted=deleted.close()
    )


def _lines(
    conn: psycopg.Connection,
    shape: Shape,
    tenant_id: UUID,
    parent: list[Artefact],
    deleted: Callable[[bytes], None],
) -> Iterator[tuple[bytes, bool]]:
    """Every row, and whether it has to be written."""
    rows = read_rows(conn, shape, tenant_id)
    if not parent:
        return ((line, True) for line in rows)
    return differences(shape, table_rows(parent, shape.name), in_order(shape, rows), deleted)


def _same_schema(parent: Artefact, revision: str, found: list[Shape]) -> bool:
    before = [entry.shape for entry in parent.manifest.tables]
    return parent.manifest.schema_revision == revision and before == found


class _LazyFile:
    """A file that is there only when something was written to it: most tables of most tenants are empty."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: LineFile | None = None

    def write(self, line: bytes) -> None:
        if self._file is None:
            self._file = LineFile(self._path)
        self._file.write(line)

    def close(self) -> FileEntry | None:
        return self._file.close() if self._file is not None else None


def driver_of(conn: Connection) -> psycopg.Connection:
    """The driver's connection, for COPY; inside the same transaction."""
    driver = conn.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"COPY needs psycopg, not {type(driver).__name__}")
    return driver
