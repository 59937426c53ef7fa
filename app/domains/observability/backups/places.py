"""Where artefacts lie, each tenant's in a part of its own that a `storage_uri` can't leave.

`file:nightly` is a folder below the tenant's part of the backup directory; `s3:nightly` one below its part of the
bucket that the operator configured. A tenant names folders only: never a host, a bucket or a path.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from app.domains.observability.backups import buckets, config
from app.kernel.clock import now

_PART = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}"
_WANTED = re.compile(rf"(file:|s3:)({_PART}(?:/{_PART}){{0,2}})?")
_ARTEFACT = re.compile(rf"(file:|s3:)({_PART}(?:/{_PART}){{0,3}})")
_STAGING = ".staging"
_STAGED_SECONDS = 86_400.0


def refusal(storage_uri: str | None) -> str | None:
    """Why no artefact can be written there; None when one can."""
    if storage_uri is None:
        return None
    found = _WANTED.fullmatch(storage_uri)
    if found is None or storage_uri == "file:":
        return "Name a folder of your own, as in file:nightly or s3:nightly, or leave it out."
    return buckets.refusal() if found[1] == "s3:" else None


def uri(wanted: str | None, name: str) -> str:
    """The artefact's own URI, below the folder that was wanted."""
    folder = wanted or "file:"
    return f"{folder}{name}" if folder.endswith(":") else f"{folder}/{name}"


def path_of(tenant_id: UUID, storage_uri: str) -> Path:
    """The directory of an artefact that lies in a file system. Raises `ValueError` for any other URI."""
    scheme, folder = _split(storage_uri)
    if scheme != "file:":
        raise ValueError(f"not in a file system: {storage_uri}")
    return config.root() / str(tenant_id) / folder


@contextmanager
def writing(tenant_id: UUID, storage_uri: str) -> Iterator[Path]:
    """An empty directory to write the artefact to; it is in its place when the block ends well, and gone otherwise.

    What a killed run left there is removed first. Raises `OSError`.
    """
    if storage_uri.startswith("s3:"):
        with _staging() as path:
            yield path
            buckets.upload(path, _prefix(tenant_id, storage_uri))
        return
    path = path_of(tenant_id, storage_uri)
    remove(tenant_id, storage_uri)
    _private(path)
    try:
        yield path
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise


@contextmanager
def reading(tenant_id: UUID, storage_uri: str) -> Iterator[Path]:
    """The directory to read the artefact from: its own, or a copy that lives as long as the block. Raises `OSError`."""
    if storage_uri.startswith("s3:"):
        with _staging() as path:
            buckets.download(_prefix(tenant_id, storage_uri), path)
            yield path
        return
    yield path_of(tenant_id, storage_uri)


def remove(tenant_id: UUID, storage_uri: str) -> None:
    """Delete an artefact; nothing when it is gone already. Raises `OSError`."""
    if storage_uri.startswith("s3:"):
        buckets.remove(_prefix(tenant_id, storage_uri))
        return
    path = path_of(tenant_id, storage_uri)
    if path.exists():
        shutil.rmtree(path)


def sweep_staging() -> None:
    """Delete what killed runs left on their way to or from a bucket more than a day ago."""
    parent = config.root() / _STAGING
    for path in parent.iterdir() if parent.is_dir() else ():
        if path.stat().st_mtime < now().timestamp() - _STAGED_SECONDS:
            shutil.rmtree(path, ignore_errors=True)


def _split(storage_uri: str) -> tuple[str, str]:
    found = _ARTEFACT.fullmatch(storage_uri)
    if found is None:
        raise ValueError(f"not a place of an artefact: {storage_uri}")
    return found[1], found[2]


def _prefix(tenant_id: UUID, storage_uri: str) -> str:
    return f"{tenant_id}/{_split(storage_uri)[1]}/"


@contextmanager
def _staging() -> Iterator[Path]:
    parent = config.root() / _STAGING
    _private(parent)
    with tempfile.TemporaryDirectory(dir=parent) as name:
        yield Path(name)


def _private(path: Path) -> None:
    """Make a directory below the root, and those above it, for its owner alone."""
    root = config.root()
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    for parent in [*reversed(path.relative_to(root).parents)][1:]:
        (root / parent).mkdir(mode=0o700, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)
