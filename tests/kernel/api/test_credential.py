"""Bearer, or Basic with the token as password."""

import base64

import httpx
import pytest

from app.kernel.security.credential import credential_of
from tests.support.server import Server
from tests.support.tenants import Tenant


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


@pytest.mark.parametrize(
    ("header", "credential"),
    [
        ("", ""),
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Bearer", ""),
        (basic("anybody:abc"), "abc"),
        (basic(":a:b"), "a:b"),
        (basic("abc:"), ""),
        (basic("abc"), ""),
        ("basic %%%", ""),
        ("Basic " + base64.b64encode(b"u:\xff").decode(), ""),
        ("Digest abc", ""),
    ],
)
def test_where_the_credential_stands(header: str, credential: str) -> None:
    assert credential_of(header) == credential


def test_an_api_key_is_a_password(server: Server, tenant: Tenant) -> None:
    key = tenant.post("/api/identity/api-keys", name="collector", scopes=["events.read"])
    with httpx.Client(base_url=server.url, auth=("anybody", str(key["secret"]))) as client:
        assert client.get("/api/events").status_code == 200
        assert client.get("/api/identity/users").status_code == 403
    with httpx.Client(base_url=server.url, auth=("anybody", "hgr_key_wrong")) as client:
        refused = client.get("/api/events")
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"
