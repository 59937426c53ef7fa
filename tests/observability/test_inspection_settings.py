"""Settings that are judged: each is made bad once. Secrets never show in what is said."""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from app.domains.observability.inspections.checks.base import NotApplicable, Outcome
from app.domains.observability.inspections.words import CheckStatus
from app.settings import DEV_SECRET
from tests.observability.inspecting import found, look_at
from tests.support.server import settings_for
from tests.support.tenants import Tenant

GOOD = {
    "secret_key": "tY3-quite-long-and-random-9fLp2-kQz7",
    "bootstrap_token": "another-Long0-Random9-token-5xWv2-Gh",
    "database_url": "postgresql://hangar_app:Vb7-kk2-Pq9-zz1@db.example/hangar?sslmode=verify-full",
    "database_owner_url": "",
    "ops_database_url": "",
    "database_direct_url": "",
    "redis_url": "rediss://:Long-enough-secret@cache.example/0",
    "public_url": "https://hangar.example",
    "cors_origins": ["https://app.example"],
    "rate_limit_enabled": True,
}


@pytest.mark.parametrize(
    "key",
    ["secrets.default_or_weak", "tokens.lifetimes", "tls.settings", "cors.settings", "rate_limit.enabled"],
)
def test_good_settings_pass(tenant: Tenant, key: str) -> None:
    outcome = found(key, tenant, **GOOD)
    assert outcome.status == CheckStatus.PASS, outcome


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"secret_key": DEV_SECRET}, "HANGAR_SECRET_KEY (the default)"),
        ({"secret_key": "short-secret"}, "HANGAR_SECRET_KEY (short"),
        ({"secret_key": "ab" * 30}, "HANGAR_SECRET_KEY (short or of few characters)"),
        ({"previous_secret_keys": [DEV_SECRET]}, "HANGAR_PREVIOUS_SECRET_KEYS (the default)"),
        ({"bootstrap_token": None}, "HANGAR_BOOTSTRAP_TOKEN (not set)"),
        ({"database_url": "postgresql://hangar_app:hangar@db/x"}, "the password in DATABASE_URL"),
        (
            {"database_owner_url": "postgresql://hangar_owner:hangar_owner@db/x"},
            "the password in DATABASE_OWNER_URL",
        ),
        ({"redis_url": "redis://:letmein@cache/0"}, "the password in REDIS_URL"),
    ],
)
def test_a_weak_secret_fails_where_others_are_served_and_warns_at_home(
    tenant: Tenant, change: dict[str, Any], named: str
) -> None:
    outcome = found("secrets.default_or_weak", tenant, **GOOD | change)
    assert outcome.status == CheckStatus.FAIL
    assert named in outcome.message
    at_home = found("secrets.default_or_weak", tenant, **GOOD | change | {"public_url": "http://localhost:1"})
    assert at_home.status == CheckStatus.WARN
    said = outcome.message + json.dumps(outcome.evidence)
    for secret in ("short-secret", "abab", DEV_SECRET, ":hangar@", "letmein"):
        assert secret not in said


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"access_token_seconds": 86_400}, CheckStatus.FAIL),
        ({"access_token_seconds": 7200}, CheckStatus.WARN),
        ({"refresh_token_days": 365}, CheckStatus.WARN),
    ],
)
def test_tokens_that_live_long(tenant: Tenant, change: dict[str, Any], status: CheckStatus) -> None:
    assert found("tokens.lifetimes", tenant, **change).status == status


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"public_url": "http://hangar.example"}, CheckStatus.FAIL, "in the clear"),
        ({"database_url": "postgresql://a:b@db.example/x"}, CheckStatus.WARN, "DATABASE_URL"),
        ({"database_url": "postgresql://a:b@db.example/x?sslmode=prefer"}, CheckStatus.WARN, "DATABASE_URL"),
        ({"redis_url": "redis://cache.example/0"}, CheckStatus.WARN, "REDIS_URL"),
        ({"public_url": "", "profile": "production"}, CheckStatus.WARN, "HANGAR_PUBLIC_URL"),
    ],
)
def test_what_crosses_a_network_in_the_clear(
    tenant: Tenant, change: dict[str, Any], status: CheckStatus, said: str
) -> None:
    outcome = found("tls.settings", tenant, **GOOD | {"egress_allow_private": False} | change)
    assert (outcome.status, said in outcome.message) == (status, True), outcome


@pytest.mark.parametrize(
    ("origins", "status"),
    [
        (["*"], CheckStatus.FAIL),
        (["null"], CheckStatus.FAIL),
        (["http://app.example"], CheckStatus.WARN),
        (["http://localhost:3000"], CheckStatus.PASS),
    ],
)
def test_origins(tenant: Tenant, origins: list[str], status: CheckStatus) -> None:
    assert found("cors.settings", tenant, cors_origins=origins).status == status


@pytest.mark.parametrize(
    ("public_url", "status"),
    [("https://hangar.example", CheckStatus.FAIL), ("http://127.0.0.1:8000", CheckStatus.WARN)],
)
def test_no_rate_limit(tenant: Tenant, public_url: str, status: CheckStatus) -> None:
    outcome = found("rate_limit.enabled", tenant, rate_limit_enabled=False, public_url=public_url)
    assert outcome.status == status


def advisory(name: str, **affected: Any) -> dict[str, Any]:
    return {"id": "HGR-1", "affected": [{"package": {"ecosystem": "PyPI", "name": name}} | affected]}


def ranges(*events: dict[str, str]) -> dict[str, Any]:
    return {"ranges": [{"type": "ECOSYSTEM", "events": list(events)}]}


class _Bare(BaseHTTPRequestHandler):
    """Answers everything, with no header of security."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def bare_server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Bare) as bare:
        serving = Thread(target=bare.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{bare.server_address[1]}"
        bare.shutdown()
        serving.join()


@pytest.fixture
def nobody_there() -> Iterator[str]:
    """An address that is taken and that nobody listens at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def advisory_file(tmp_path: Path) -> Path:
    return tmp_path / "advisories.json"


INSTALLED = version("fastapi")


@pytest.mark.parametrize(
    "record",
    [
        advisory("FastAPI", **ranges({"introduced": "0"})),
        advisory("fastapi", **ranges({"introduced": "0.1"}, {"fixed": "9999"})),
        advisory("fastapi", **ranges({"introduced": "0"}, {"last_affected": INSTALLED})),
        advisory("fastapi", **ranges({"fixed": "0.2"}, {"introduced": "0"}, {"introduced": "0.3"})),
        advisory("fastapi", versions=[INSTALLED]),
    ],
)
def test_a_package_with_a_known_hole_fails_and_is_named(
    tenant: Tenant, advisory_file: Path, record: dict[str, Any]
) -> None:
    advisory_file.write_text(json.dumps({"vulns": [record]}))
    outcome = found("dependencies.advisories", tenant, advisory_file=str(advisory_file))
    assert outcome.status == CheckStatus.FAIL
    assert f"fastapi {INSTALLED} (HGR-1)" in outcome.message


@pytest.mark.parametrize(
    "record",
    [
        advisory("fastapi", **ranges({"introduced": "0"}, {"fixed": "0.2"})),
        advisory("fastapi", **ranges({"introduced": "9999"})),
        advisory("fastapi", **ranges({"introduced": "0"}, {"last_affected": "0.2"})),
        advisory("fastapi", versions=["0.1"]),
        advisory("no-such-package-here", **ranges({"introduced": "0"})),
        advisory("fastapi", **ranges({"introduced": "0"})) | {"withdrawn": "2026-01-01T00:00:00Z"},
        {
            "id": "NPM-1",
            "affected": [{"package": {"ecosystem": "npm", "name": "fastapi"}} | ranges({"introduced": "0"})],
        },
    ],
)
def test_what_is_not_affected_passes(tenant: Tenant, advisory_file: Path, record: dict[str, Any]) -> None:
    advisory_file.write_text(json.dumps([record]))
    outcome = found("dependencies.advisories", tenant, advisory_file=str(advisory_file))
    assert outcome.status == CheckStatus.PASS, outcome


def test_no_advisories_a_broken_file_and_an_old_one_are_warnings(tenant: Tenant, advisory_file: Path) -> None:
    assert found("dependencies.advisories", tenant, advisory_file="").status == CheckStatus.WARN
    assert (
        "FileNotFoundError"
        in found("dependencies.advisories", tenant, advisory_file=str(advisory_file)).message
    )
    advisory_file.write_text("{")
    assert (
        "JSONDecodeError"
        in found("dependencies.advisories", tenant, advisory_file=str(advisory_file)).message
    )
    advisory_file.write_text("[]")
    later = datetime.now(UTC) + timedelta(days=60)
    old = found("dependencies.advisories", tenant, now=later, advisory_file=str(advisory_file))
    assert (old.status, "60 days old" in old.message) == (CheckStatus.WARN, True)


def test_the_headers_of_the_running_server_pass(tenant: Tenant) -> None:
    outcome = found("http.security_headers", tenant, inspection_url=tenant.server.url)
    assert outcome.status == CheckStatus.PASS, outcome


def test_without_an_address_there_is_nothing_to_ask(tenant: Tenant) -> None:
    settings = settings_for(tenant.server.urls, public_url="", inspection_url="")
    outcome = look_at("http.security_headers", tenant.server.database, tenant.id, settings)
    assert isinstance(outcome, NotApplicable)


def test_a_proxy_that_drops_headers_fails(tenant: Tenant, bare_server: str) -> None:
    outcome = found("http.security_headers", tenant, inspection_url=bare_server)
    assert outcome.status == CheckStatus.FAIL
    assert outcome.evidence["missing"]["/login"] == [
        "X-Content-Type-Options",
        "X-Frame-Options",
        "Referrer-Policy",
        "Content-Security-Policy",
    ]


def test_a_server_that_does_not_answer_is_a_warning(tenant: Tenant, nobody_there: str) -> None:
    outcome: Outcome = found("http.security_headers", tenant, inspection_url=nobody_there)
    assert (outcome.status, outcome.evidence["error"]) == (CheckStatus.WARN, "ConnectError")
