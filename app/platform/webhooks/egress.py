"""One POST to a place that a tenant named: to a checked address, no redirects, bounded in time and size."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ssl import SSLContext

import httpx

from app.platform.webhooks.addresses import EgressRefused, checked_addresses, is_public, literal
from app.version import VERSION

TIMEOUT_SECONDS = 10.0
RESPONSE_LIMIT = 64 * 1024
_ADDRESSES_TRIED = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status_code` is None when no answer came; `error` then says why. `duration_ms` is the whole attempt."""

    status_code: int | None
    error: str | None
    address: str | None
    duration_ms: int

    @property
    def delivered(self) -> bool:
        return self.status_code is not None and 200 <= self.status_code < 300

    @property
    def gone(self) -> bool:
        return self.status_code == 410


def refusal(url: str, *, allow_http: bool, allow_private: bool) -> str | None:
    """Why this URL can't be an endpoint, as far as it can be told without asking DNS; None when it can."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return "This is not a URL."
    if parsed.scheme not in ({"https", "http"} if allow_http else {"https"}):
        return "Use https." if not allow_http else "Use https or http."
    if not parsed.host:
        return "The URL names no host."
    if parsed.userinfo or parsed.fragment:
        return "Leave out user, password and fragment."
    address = literal(parsed.host)
    if address is not None and not allow_private and not is_public(address):
        return "The address is not public."
    return None


def post(url: str, body: bytes, headers: Mapping[str, str], *, allow_private: bool) -> Outcome:
    """Send and wait for the answer, at most `TIMEOUT_SECONDS` in all. Never raises for what the other side does."""
    return asyncio.run(_post(url, body, headers, allow_private=allow_private))


@dataclass(slots=True)
class _Progress:
    """What was reached before time ran out."""

    address: str | None = None
    status_code: int | None = None


async def _post(url: str, body: bytes, headers: Mapping[str, str], *, allow_private: bool) -> Outcome:
    started = time.monotonic()
    progress = _Progress()
    error: str | None = None
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await _exchange(httpx.URL(url), body, headers, allow_private=allow_private, progress=progress)
    except TimeoutError:
        error = f"no complete answer within {TIMEOUT_SECONDS:g} s"
    except EgressRefused as refused:
        error = f"refused: {refused}"
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as failure:
        error = f"{type(failure).__name__}: {failure}"[:500]
    if progress.status_code is not None:
        error = None
    duration = round((time.monotonic() - started) * 1000)
    return Outcome(progress.status_code, error, progress.address, duration)


async def _exchange(
    url: httpx.URL, body: bytes, headers: Mapping[str, str], *, allow_private: bool, progress: _Progress
) -> None:
    port = url.port or (443 if url.scheme == "https" else 80)
    addresses = await checked_addresses(url.raw_host.decode("ascii"), port, allow_private=allow_private)
    # The checked address is connected to itself: a second look-up could answer differently.
    transport = httpx.AsyncHTTPTransport(verify=_tls(), trust_env=False)
    async with httpx.AsyncClient(
        transport=transport, trust_env=False, follow_redirects=False, timeout=TIMEOUT_SECONDS
    ) as client:
        for position, address in enumerate(addresses[:_ADDRESSES_TRIED], 1):
            progress.address = str(address)
            request = client.build_request(
                "POST",
                url.copy_with(host=str(address)),
                content=body,
                headers={**_own_headers(url), **headers},
                extensions={"sni_hostname": url.raw_host.decode("ascii")},
            )
            try:
                response = await client.send(request, stream=True)
            except httpx.ConnectError:
                if position == min(len(addresses), _ADDRESSES_TRIED):
                    raise
                continue
            progress.status_code = response.status_code
            await _drain(response)
            return


def _own_headers(url: httpx.URL) -> dict[str, str]:
    return {
        "Host": url.netloc.decode("ascii"),
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"Hangar-Webhooks/{VERSION}",
    }


async def _drain(response: httpx.Response) -> None:
    """Read a little, so that a small answer ends cleanly; the rest of a large one is not our business."""
    try:
        size = 0
        async for chunk in response.aiter_raw():
            size += len(chunk)
            if size >= RESPONSE_LIMIT:
                return
    finally:
        await response.aclose()


@lru_cache(maxsize=1)
def _tls() -> SSLContext:
    return httpx.create_ssl_context(trust_env=False)
