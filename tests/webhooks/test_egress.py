"""What we refuse to call, and how little the other side can do to us."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from typing import Any

import pytest

from app.platform.webhooks import egress
from app.platform.webhooks.addresses import is_public, literal
from app.platform.webhooks.egress import post, refusal
from tests.support.tenants import Tenant
from tests.webhooks.receiver import Receiver, status

PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104 refused, not listened on
    "10.1.2.3",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.1.1",
    "192.0.0.8",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fc00::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001:db8::1",
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "2130706433", "017700000001", "127.0.0.1"])
def test_every_notation_of_an_address_is_recognised(host: str) -> None:
    assert literal(host) == ip_address("127.0.0.1")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "[::1]", "[::ffff:10.0.0.1]", "169.254.169.254"])
def test_an_url_with_a_private_address_is_refused_when_it_is_set(host: str) -> None:
    url = f"https://{host}/hook"
    assert refusal(url, allow_http=True, allow_private=False) == "The address is not public."
    assert refusal(url, allow_http=True, allow_private=True) is None


def test_production_wants_https() -> None:
    assert refusal("http://example.com/", allow_http=False, allow_private=False) == "Use https."
    assert refusal("https://example.com/", allow_http=False, allow_private=False) is None


@contextmanager
def _resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> Iterator[None]:
    """`hooks.example` resolves to these addresses, for the time of the block."""

    async def getaddrinfo(loop: Any, host: str, port: int, **options: Any) -> list[Any]:
        assert host == "hooks.example"
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port),
            )
            for address in addresses
        ]

    with monkeypatch.context() as patched:
        patched.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", getaddrinfo)
        yield


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_private_address_is_not_connected_to(receiver: Receiver, host: str) -> None:
    outcome = post(f"http://{host}:{receiver.port}/hook", b"{}", {}, allow_private=False)
    assert outcome.status_code is None
    assert outcome.error == "refused: the name resolves to an address that is not public"
    assert receiver.received == []


@pytest.mark.parametrize(
    "addresses",
    [["10.0.0.1"], ["::1"], ["::ffff:127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"]],
)
def test_a_name_with_any_private_address_is_refused(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    with _resolving(monkeypatch, *addresses):
        outcome = post(f"http://hooks.example:{receiver.port}/", b"{}", {}, allow_private=False)
    assert outcome.error == "refused: the name resolves to an address that is not public"
    assert (outcome.address, receiver.received) == (None, [])


def test_the_checked_address_is_the_one_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name means nothing outside the look-up that was checked, so no second look-up can have been made."""
    with _resolving(monkeypatch, "127.0.0.1"):
        outcome = post(f"http://hooks.example:{receiver.port}/x?y=1", b"{}", {}, allow_private=True)
    assert (outcome.status_code, outcome.address) == (204, "127.0.0.1")
    (request,) = receiver.received
    assert (request.path, request.headers["Host"]) == ("/x?y=1", f"hooks.example:{receiver.port}")


def test_the_next_address_is_tried_when_one_does_not_answer(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _resolving(monkeypatch, "127.0.0.2", "127.0.0.1"):
        outcome = post(f"http://hooks.example:{receiver.port}/", b"{}", {}, allow_private=True)
    assert (outcome.status_code, outcome.address) == (204, "127.0.0.1")


def test_a_redirect_is_a_failure_and_not_followed(receiver: Receiver) -> None:
    receiver.answer = status(307, Location=f"{receiver.url}/elsewhere")
    outcome = post(receiver.url, b"{}", {}, allow_private=True)
    assert (outcome.status_code, outcome.delivered) == (307, False)
    assert [request.path for request in receiver.received] == ["/hook"]


def test_a_name_that_does_not_resolve_is_a_failure() -> None:
    outcome = post("http://nowhere.invalid/", b"{}", {}, allow_private=True)
    assert outcome.error == "refused: the name does not resolve"


def test_nobody_listening_is_a_failure() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        outcome = post(f"http://127.0.0.1:{unused.getsockname()[1]}/", b"{}", {}, allow_private=True)
    assert outcome.status_code is None
    assert outcome.error is not None
    assert outcome.error.startswith("ConnectError")


def test_an_answer_that_comes_in_drops_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each drop alone is in time; the whole is not, and only the whole counts."""
    monkeypatch.setattr(egress, "TIMEOUT_SECONDS", 0.5)
    stop = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not stop.wait(0.05):
            handler.wfile.write(b"x")

    with Receiver(answer=drip) as slow:
        outcome = post(slow.url, b"{}", {}, allow_private=True)
        stop.set()
    assert (outcome.status_code, outcome.error) == (None, "no complete answer within 0.5 s")


def test_an_endless_answer_is_read_no_further_than_the_limit() -> None:
    sent = 0

    def endless(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"x" * 65536)
            sent += 65536

    with Receiver(answer=endless) as endless_one:
        outcome = post(endless_one.url, b"{}", {}, allow_private=True)
    assert (outcome.status_code, outcome.error) == (200, None)
    assert sent < 64 * 1024 * 1024


def test_a_private_url_is_refused_by_the_api(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.platform.webhooks.config import configure

    configure(tenant.server.settings.model_copy(update={"egress_allow_private": False}))
    body = {"url": "http://169.254.169.254/latest", "event_types": ["*"]}
    answer = tenant.client.post("/api/webhooks", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"pointer": "#/url", "code": "url_refused", "detail": "The address is not public."}
    ]
