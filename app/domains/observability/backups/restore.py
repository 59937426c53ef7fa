"""Restoring an artefact into a scratch database and comparing what is there with what was written down."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from app.domains.observability.backups import scratch
from app.domains.observability.backups.artefact import Artefact, TableEntry, table_blocks
from app.domains.observability.backups.errors import Broken
from app.domains.observability.backups.tables import OUTPUT_SETTINGS, read_rows, write_rows
from app.kernel.db import migrate

Told = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Restored:
    tables: int
    rows: int
    foreign_keys: int
    revision: str


def restore(scratch_url: str, chain: list[Artefact], tell: Told) -> Restored:
    """Load, compare, put the foreign keys back, migrate to this release's schema.

    `chain`: oldest first. Raises `Broken` with what is wrong where, and whatever `tell` raises.
    """
    manifest = chain[-1].manifest
    with psycopg.connect(scratch_url, autocommit=True) as conn:
        conn.execute("SET synchronous_commit = off")
        with conn.transaction():
            conn.execute(OUTPUT_SETTINGS)
            for number, entry in enumerate(manifest.tables):
                tell(number, len(manifest.tables), entry.shape.name)
                _load(conn, chain, entry)
        with conn.transaction():
            conn.execute(OUTPUT_SETTINGS)
            for number, entry in enumerate(manifest.tables):
                tell(number, len(manifest.tables), f"comparing {entry.shape.name}")
                _compare(conn, entry)
        with conn.transaction():
            keys = scratch.put_foreign_keys_back(conn)
    revision = manifest.schema_revision
    if revision != migrate.code_head():
        revision = scratch.to_head(scratch_url)
    return Restored(
        tables=len(manifest.tables),
        rows=sum(entry.rows for entry in manifest.tables),
        foreign_keys=keys,
        revision=revision,
    )


def _load(conn: psycopg.Connection, chain: list[Artefact], entry: TableEntry) -> None:
    if entry.rows == 0:
        return
    try:
        write_rows(conn, entry.shape, table_blocks(chain, entry.shape.name))
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        detail = f"{entry.shape.name}: {error.diag.message_primary or error}"
        raise Broken("rows_refused", detail) from error


def _compare(conn: psycopg.Connection, entry: TableEntry) -> None:
    digest, rows = hashlib.sha256(), 0
    for line in read_rows(conn, entry.shape, None):
        digest.update(line)
        rows += 1
    if rows != entry.rows:
        raise Broken("rows_differ", f"{entry.shape.name} has {rows} rows, the backup had {entry.rows}.")
    if digest.hexdigest() != entry.sha256:
        raise Broken("content_differs", f"The rows of {entry.shape.name} are not those that were backed up.")
