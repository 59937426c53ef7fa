"""The settings that jobs work with; tests hand in their own."""

from pathlib import Path

from app.settings import Settings, get_settings

_CHECKOUT = Path(__file__).resolve().parents[4]
_given: list[Settings] = []


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


def keep_last() -> int:
    return _current().backup_keep_last


def _current() -> Settings:
    return _given[0] if _given else get_settings()
