"""Limits per principal and per address; without Valkey they are off, not in the way."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.databases import Servers
from tests.support.server import Server, settings_for
from tests.support.tenants import make_tenant


def valkey(urls: Servers, number: int) -> str:
    """A Valkey database of its own: servers with other limits count in the first one."""
    return urls.redis_url.rstrip("/").removesuffix("/0") + f"/{number}"


@pytest.fixture
def strict(urls: Servers) -> Iterator[Server]:
    limits = {"rate_limit_per_second": 1, "rate_limit_burst": 5, "redis_url": valkey(urls, 1)}
    with Server(settings_for(urls, **limits), urls) as running:
        yield running


def test_a_principal_over_its_burst_is_429_and_told_when_to_come_back(strict: Server) -> None:
    tenant = make_tenant(strict)
    answers = [tenant.client.get("/api/assets") for _ in range(12)]
    tenant.close()
    assert answers[0].status_code == 200
    assert answers[0].headers["ratelimit-policy"].startswith('"default";q=5')
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert int(refused[0].headers["retry-after"]) >= 1
    assert refused[0].json()["code"] == "rate_limited"


def test_one_principal_does_not_spend_anothers_limit(strict: Server) -> None:
    greedy, modest = make_tenant(strict), make_tenant(strict)
    statuses = [greedy.client.get("/api/assets").status_code for _ in range(12)]
    assert 429 in statuses
    assert modest.client.get("/api/assets").status_code == 200
    greedy.close()
    modest.close()


def test_anonymous_callers_are_limited_by_address(urls: Servers) -> None:
    limits = {
        "anonymous_rate_limit_per_second": 1,
        "anonymous_rate_limit_burst": 3,
        "redis_url": valkey(urls, 2),
    }
    with Server(settings_for(urls, **limits), urls) as server, httpx.Client(base_url=server.url) as client:
        body = {"tenant": "nobody", "username": "nobody", "password": "not-a-password"}
        statuses = [client.post("/api/identity/login", json=body).status_code for _ in range(8)]
        assert 429 in statuses
        assert client.get("/healthz").status_code == 200


def test_without_valkey_nothing_is_limited(urls: Servers) -> None:
    away = {"redis_url": "redis://127.0.0.1:1/0", "rate_limit_per_second": 1, "rate_limit_burst": 1}
    with Server(settings_for(urls, **away), urls) as server:
        tenant = make_tenant(server)
        assert {tenant.client.get("/api/assets").status_code for _ in range(5)} == {200}
        assert httpx.get(f"{server.url}/readyz").json()["checks"]["redis"] == "degraded"
        tenant.close()


def test_guessing_at_a_key_spends_the_guessers_address_and_not_the_keys_limit(urls: Servers) -> None:
    limits = {
        "anonymous_rate_limit_per_second": 1,
        "anonymous_rate_limit_burst": 8,
        "rate_limit_per_second": 1,
        "rate_limit_burst": 5,
        "redis_url": valkey(urls, 3),
    }
    with Server(settings_for(urls, **limits), urls) as server:
        tenant = make_tenant(server)
        made = tenant.post("/api/identity/api-keys", name="robot", scopes=["assets.read"])
        secret = str(made["secret"])
        guesser, owner = tenant.with_token(secret[:-4] + "0000"), tenant.with_token(secret)
        guesses = [guesser.get("/api/assets").status_code for _ in range(12)]
        assert set(guesses) == {401, 429}
        assert owner.get("/api/assets").status_code == 200
        tenant.close()
