"""Guessing passwords: throttled per account; the same effort for a user that isn't there."""

from collections.abc import Iterator

import httpx
import pytest

from app.platform.identity import passwords
from tests.support.databases import Servers
from tests.support.server import Server, settings_for
from tests.support.tenants import PASSWORD, Tenant, make_tenant

LIMIT = 3
WRONG = "not the password"


@pytest.fixture(scope="module")
def strict(urls: Servers) -> Iterator[Server]:
    with Server(settings_for(urls, login_attempts_per_minute=LIMIT), urls) as running:
        yield running


@pytest.fixture
def watched(strict: Server) -> Iterator[Tenant]:
    made = make_tenant(strict)
    yield made
    made.close()


def attempt(tenant: Tenant, tenant_name: str, username: str, password: str = WRONG) -> httpx.Response:
    body = {"tenant": tenant_name, "username": username, "password": password}
    return tenant.client.post("/api/identity/login", json=body)


def test_an_account_is_throttled_by_whatever_name_its_tenant_is_called(watched: Tenant) -> None:
    names = [watched.name, str(watched.id), watched.name]
    assert [attempt(watched, name, "admin").status_code for name in names] == [401] * LIMIT
    refused = attempt(watched, watched.name, "admin", PASSWORD)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert int(refused.headers["retry-after"]) >= 1
    assert attempt(watched, watched.name, "somebody-else").status_code == 401, "another account"
    assert watched.client.get("/api/identity/me").status_code == 200, "who is signed in stays so"


def test_a_throttled_attempt_is_not_recorded(watched: Tenant, events: object) -> None:
    assert callable(events)
    for _ in range(LIMIT + 2):
        attempt(watched, watched.name, "admin")
    assert len(events(watched, "identity.login.failed")) == LIMIT


def test_an_unknown_user_costs_a_verification_too(monkeypatch: pytest.MonkeyPatch, watched: Tenant) -> None:
    seen: list[bool] = []
    original = passwords.verify

    def counting(password: str, stored: str | None) -> tuple[bool, str | None]:
        seen.append(stored is not None)
        return original(password, stored)

    monkeypatch.setattr(passwords, "verify", counting)
    attempt(watched, watched.name, "admin")
    attempt(watched, watched.name, "nobody")
    attempt(watched, "no such tenant", "nobody")
    assert seen == [True, False, False]


def test_the_dummy_is_hashed_like_the_real_thing() -> None:
    real = passwords.hash_password(PASSWORD)
    assert real.rsplit("$", 2)[0] == passwords._dummy().rsplit("$", 2)[0]
    assert passwords.verify("nobody has this password", None) == (False, None)
    assert passwords.verify(PASSWORD, real) == (True, None)
    assert passwords.verify(PASSWORD + "x", real) == (False, None)
