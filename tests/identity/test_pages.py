"""Sessions of pages: the cookie reads over GET, ends at once, and carries its own token against forgery."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from app.kernel.tx import AnonymousTx, Origin
from app.platform import identity
from tests.support.tenants import PASSWORD, Tenant

ME = "/api/identity/me"


@contextmanager
def transaction(tenant: Tenant) -> Iterator[AnonymousTx]:
    with tenant.server.database.connect() as conn, conn.begin():
        tx = AnonymousTx.begin(conn, Origin("test", "test"))
        yield tx
        tx.finish()


def sign_in(tenant: Tenant, password: str = PASSWORD) -> str | None:
    """A cookie, or None when refused."""
    with transaction(tenant) as tx:
        limiter = tenant.server.runtime.limiter
        caller = identity.authenticate(
            tx, limiter, tenant=tenant.name, username="admin", password=password, method="page"
        )
        return identity.begin_page_session(tx).cookie if caller else None


def test_a_cookie_reads_and_does_not_write(tenant: Tenant, anonymous: httpx.Client) -> None:
    cookie = sign_in(tenant)
    assert cookie is not None
    headers = {"Cookie": f"hangar_session={cookie}"}
    me = anonymous.get(ME, headers=headers)
    assert me.status_code == 200
    assert me.json()["principal"]["id"] == str(tenant.admin_id)
    assert anonymous.post("/api/identity/roles", json={"name": "x"}, headers=headers).status_code == 401


def test_a_cookie_opens_a_page_until_its_session_ends(tenant: Tenant, anonymous: httpx.Client) -> None:
    cookie = sign_in(tenant)
    assert cookie is not None
    with transaction(tenant) as tx:
        caller = identity.open_page_session(tx, cookie)
        assert caller is not None
        assert (caller.id, caller.tenant_id) == (tenant.admin_id, tenant.id)
        assert caller.permissions == {"*"}
        identity.end_session(tx)
    with transaction(tenant) as tx:
        assert identity.open_page_session(tx, cookie) is None
    assert anonymous.get(ME, headers={"Cookie": f"hangar_session={cookie}"}).status_code == 401


def test_a_wrong_password_begins_nothing_and_is_recorded(tenant: Tenant, events: object) -> None:
    assert callable(events)
    assert sign_in(tenant, "not the password") is None
    (failed,) = events(tenant, "identity.login.failed")
    assert (failed.payload["method"], failed.payload["reason"]) == ("page", "wrong_password")


@pytest.mark.parametrize("cookie", ["", "x", "hgr_ses_1_2_3"])
def test_nonsense_opens_nothing(tenant: Tenant, cookie: str) -> None:
    with transaction(tenant) as tx:
        assert identity.open_page_session(tx, cookie) is None


def test_another_secret_opens_nothing(tenant: Tenant) -> None:
    cookie = sign_in(tenant)
    assert cookie is not None
    with transaction(tenant) as tx:
        assert identity.open_page_session(tx, cookie[:-8] + "00000000") is None
    key = str(tenant.post("/api/identity/api-keys", name="k", scopes=["events.read"])["secret"])
    with transaction(tenant) as tx:
        assert identity.open_page_session(tx, key) is None


def test_a_session_begins_only_after_somebody_signed_in(tenant: Tenant) -> None:
    with transaction(tenant) as tx, pytest.raises(TypeError):
        identity.begin_page_session(tx)


def test_the_form_token_belongs_to_one_session(tenant: Tenant) -> None:
    one, two = sign_in(tenant), sign_in(tenant)
    assert one is not None
    assert two is not None
    token = identity.csrf_token(one)
    assert identity.csrf_matches(one, token)
    assert not identity.csrf_matches(two, token)
    assert not identity.csrf_matches(one, "")
    assert token not in one
    assert one.rpartition("_")[2] not in token
