"""The settings that an inspection looks at: those of this process."""

from app.settings import Settings, get_settings

_given: list[Settings] = []


def configure(settings: Settings) -> None:
    """Use these settings from now on. Called when the process is put together, before it serves or works."""
    _given[:] = [settings]


def current() -> Settings:
    """What `configure` was given; otherwise the settings of the environment."""
    return _given[0] if _given else get_settings()
