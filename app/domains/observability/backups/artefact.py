"""What a run writes: one compressed file for each table that has rows, and a manifest that vouches for them.

The manifest is written last; its SHA-256 is the run's checksum and stands in the database, so whoever changes a
file has to change what he can't reach. Files are readable by their owner alone: they hold password hashes.
"""

import gzip
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from app.domains.observability.backups.errors import Broken
from app.domains.observability.backups.lines import BLOCK, Keyed, blocks, in_order, newest
from app.domains.observability.backups.tables import Shape

MANIFEST = "manifest.json"
FORMAT = "hangar-backup/1"
_LEVEL = 1  # a tenth of the time of the default for a tenth more bytes


class FileEntry(BaseModel):
    """`size` in bytes and `sha256` are those of the compressed file, `lines` how many rows or keys it holds."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+\.(data|deleted)\.gz$")]
    size: int
    sha256: str
    lines: int


class TableEntry(BaseModel):
    """One table: `rows` and `sha256` are of all its rows at the snapshot, also when only the changed ones are here."""

    model_config = ConfigDict(frozen=True)

    shape: Shape
    rows: int
    sha256: str
    data: FileEntry | None
    deleted: FileEntry | None


class Manifest(BaseModel):
    model_config = ConfigDict(frozen=True)

    format: Literal["hangar-backup/1"]
    tenant_id: UUID
    run_id: UUID
    parent_id: UUID | None
    schema_revision: str
    snapshot_at: datetime
    server_version: str
    tables: tuple[TableEntry, ...]


class Artefact:
    """A directory with a manifest that was checked against its checksum."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self.tables = {entry.shape.name: entry for entry in manifest.tables}

    def files(self) -> Iterator[FileEntry]:
        for entry in self.manifest.tables:
            yield from (file for file in (entry.data, entry.deleted) if file is not None)


class LineFile:
    """A compressed file of lines being written; `entry` when it is closed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        self._hashing = _Hashing(self._file)
        self._gzip = gzip.GzipFile("", "wb", _LEVEL, self._hashing, mtime=0)
        self._held: list[bytes] = []
        self._size = 0
        self._lines = 0

    def write(self, line: bytes) -> None:
        self._held.append(line)
        self._size += len(line)
        self._lines += 1
        if self._size >= BLOCK:
            self._spill()

    def close(self) -> FileEntry:
        """On the disk when this returns."""
        self._spill()
        self._gzip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return FileEntry(
            name=self._path.name,
            size=self._hashing.size,
            sha256=self._hashing.digest.hexdigest(),
            lines=self._lines,
        )

    def _spill(self) -> None:
        self._gzip.write(b"".join(self._held))
        self._held.clear()
        self._size = 0


class _Hashing:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


def write_manifest(path: Path, manifest: Manifest) -> str:
    """Write it and make the directory last; returns its SHA-256."""
    text = manifest.model_dump_json(indent=1).encode()
    descriptor = os.open(path / MANIFEST, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return hashlib.sha256(text).hexdigest()


def open_artefact(path: Path, checksum: str) -> Artefact:
    """Raises `Broken`: `artefact_missing`, `manifest_changed`."""
    with _reading(MANIFEST):
        text = (path / MANIFEST).read_bytes()
    if hashlib.sha256(text).hexdigest() != checksum:
        raise Broken("manifest_changed", "The manifest is not the one that was written.")
    try:
        return Artefact(path, Manifest.model_validate_json(text))
    except ValidationError as error:
        raise Broken(
            "format_unknown", "Another release wrote this manifest; it can't be read here."
        ) from error


def verify_bytes(artefact: Artefact) -> int:
    """Read every file and compare it with the manifest; returns the bytes read.

    Raises `Broken`: `artefact_missing`, `bytes_changed`.
    """
    total = 0
    for entry in artefact.files():
        with _reading(entry.name), (artefact.path / entry.name).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
        if (size, found) != (entry.size, entry.sha256):
            raise Broken("bytes_changed", f"{entry.name} is not what was written.")
        total += size
    return total


def table_blocks(chain: list[Artefact], table: str) -> Iterator[bytes]:
    """All rows of a table at the newest artefact's snapshot, as blocks of lines. `chain`: oldest first."""
    if len(chain) == 1:
        entry = chain[0].tables[table].data
        if entry is not None:
            with _reading(entry.name), gzip.open(chain[0].path / entry.name) as file:
                while block := file.read(BLOCK):
                    yield block
        return
    yield from blocks(line for _, line in table_rows(chain, table))


def table_rows(chain: list[Artefact], table: str) -> Iterator[Keyed]:
    """The same, row by row with keys. Raises `Broken` when a file can't be read or is out of order."""
    shape = chain[-1].tables[table].shape
    held = [(each, each.tables[table]) for each in chain if table in each.tables]
    return newest(
        [
            (
                in_order(shape, _lines(each.path, entry.data)),
                in_order(shape, _lines(each.path, entry.deleted)),
            )
            for each, entry in held
        ]
    )


def _lines(path: Path, entry: FileEntry | None) -> Iterator[bytes]:
    if entry is not None:
        with _reading(entry.name), gzip.open(path / entry.name) as file:
            yield from file


@contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise Broken("artefact_missing", f"{name} is missing.") from error
    except (OSError, EOFError) as error:
        raise Broken("artefact_unreadable", f"{name} can't be read: {error}") from error
