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
    assert credential_of(header, basic=True) == credential
    assert credential_of(header, basic=False) == (credential if "basic" not in header.lower() else "")


def test_an_api_key_is_a_password_where_the_route_says_so(server: Server, tenant: Tenant) -> None:
    key = tenant.post(
        "/api/identity/api-keys", name="collector", scopes=["observability.write", "events.read"]
    )
    message = {"version": "4", "status": "firing", "alerts": []}
    with httpx.Client(base_url=server.url, auth=("anybody", str(key["secret"]))) as client:
        assert client.post("/api/observability/alertmanager", json=message).status_code == 200
        refused = client.get("/api/events")
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"
    with httpx.Client(base_url=server.url, auth=("anybody", "hgr_key_wrong")) as client:
        assert client.post("/api/observability/alertmanager", json=message).status_code == 401
