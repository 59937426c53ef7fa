"""The settings that jobs work with; tests hand in their own."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from app.settings import Settings, get_settings

_CHECKOUT = Path(__file__).resolve().parents[4]
_given: list[Settings] = []


@dataclass(frozen=True, slots=True)
class Bucket:
    """An S3-compatible bucket; no `endpoint`: there is none."""

    endpoint: str
    name: str
    region: str
    access_key: str
    secret_key: SecretStr


def configure(settings: Settings) -> None:
    """Use these settings from now on instead of the environment's."""
    _given[:] = [settings]


def ops_url() -> str:
    """A libpq URL of the ops role; empty when there is none. Its session holds advisory locks: no pooler."""
    return _current().ops_database_url


def root() -> Path:
    """Where artefacts are written; made when it is first written to."""
    given = _current().backup_dir
    return (given if given.is_absolute() else _CHECKOUT / given).resolve()


def bucket() -> Bucket:
    given = _current()
    return Bucket(
        given.backup_s3_endpoint,
        given.backup_s3_bucket,
        given.backup_s3_region,
        given.backup_s3_access_key,
        given.backup_s3_secret_key,
    )


def keep_last() -> int:
    return _current().backup_keep_last


def _current() -> Settings:
    return _given[0] if _given else get_settings()
