"""The production profile starts on nothing that everybody knows."""

import os

import pytest
from pydantic import ValidationError

from app.settings import DEV_SECRET, Settings

GOOD = {
    "profile": "production",
    "secret_key": "s" * 40,
    "bootstrap_token": "b" * 40,
    "cors_origins": ["https://fleet.example"],
}


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("HANGAR_") or name.endswith("_URL"):
            monkeypatch.delenv(name)


def test_production_with_secrets_of_its_own_starts() -> None:
    assert Settings.model_validate(GOOD).profile == "production"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"secret_key": DEV_SECRET}, "HANGAR_SECRET_KEY"),
        ({"secret_key": "short"}, "HANGAR_SECRET_KEY"),
        ({"bootstrap_token": None}, "HANGAR_BOOTSTRAP_TOKEN"),
        ({"bootstrap_token": "short"}, "HANGAR_BOOTSTRAP_TOKEN"),
        ({"cors_origins": ["*"]}, "HANGAR_CORS_ORIGINS"),
        ({"egress_allow_private": True}, "HANGAR_EGRESS_ALLOW_PRIVATE"),
    ],
)
def test_production_refuses_and_names_the_variable(change: dict[str, object], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        Settings.model_validate(GOOD | change)


def test_development_needs_nothing() -> None:
    assert Settings().profile == "dev"


def test_secrets_are_not_shown() -> None:
    assert "s" * 40 not in repr(Settings.model_validate(GOOD))


def test_urls_as_operators_write_them_are_given_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://app@db/hangar")
    settings = Settings()
    assert settings.app_dsn == "postgresql+psycopg://app@db/hangar"
    assert settings.direct_url == "postgres://app@db/hangar"
