"""Where artefacts lie: below the backup directory, each tenant in a directory of its own that it can't leave."""

import re
import shutil
from pathlib import Path
from uuid import UUID

from app.domains.observability.backups import config

_SCHEME = "file:"
_PART = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}"
_FOLDER = re.compile(rf"{_PART}(/{_PART}){{0,2}}")
_ARTEFACT = re.compile(rf"{_PART}(/{_PART}){{0,3}}")


def wanted_folder(storage_uri: str | None) -> str | None:
    """The folder that a caller names: `file:nightly/eu`, or `''` for none; None for what is no place of ours."""
    if storage_uri is None:
        return ""
    folder = storage_uri.removeprefix(_SCHEME)
    if folder == storage_uri or not _FOLDER.fullmatch(folder):
        return None
    return folder


def uri(folder: str, name: str) -> str:
    return f"{_SCHEME}{folder}/{name}" if folder else f"{_SCHEME}{name}"


def path_of(tenant_id: UUID, storage_uri: str) -> Path:
    """The directory of an artefact. Raises `ValueError` for a URI that leads outside the tenant's own."""
    folder = storage_uri.removeprefix(_SCHEME)
    if folder == storage_uri or not _ARTEFACT.fullmatch(folder):
        raise ValueError(f"not a place of an artefact: {storage_uri}")
    return config.root() / str(tenant_id) / folder


def make(tenant_id: UUID, storage_uri: str) -> Path:
    """An empty directory for the artefact; what a killed run left there is removed."""
    path = path_of(tenant_id, storage_uri)
    if path.exists():
        shutil.rmtree(path)
    config.root().mkdir(mode=0o700, parents=True, exist_ok=True)
    for parent in [*reversed(path.relative_to(config.root()).parents)][1:]:
        (config.root() / parent).mkdir(mode=0o700, exist_ok=True)
    path.mkdir(mode=0o700)
    return path


def remove(tenant_id: UUID, storage_uri: str) -> None:
    """Delete an artefact; nothing when it is gone already."""
    path = path_of(tenant_id, storage_uri)
    if path.exists():
        shutil.rmtree(path)
