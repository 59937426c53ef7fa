"""Under concurrency, too: what is taken away is gone with the next request, whatever is cached."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

from app.kernel.tx import Origin, WriteTx
from app.platform.identity.principals import IdentityPrincipals
from app.platform.identity.roles.schemas import RolePatch
from app.platform.identity.roles.service import update_role
from app.platform.identity.users.binding import bind_role
from tests.support.tenants import PASSWORD, Tenant

ROLES = "/api/identity/roles"
USERS = "/api/identity/users"
ME = "/api/identity/me"


def user_of(tenant: Tenant) -> tuple[str, str]:
    """A fresh user's id and token."""
    made = tenant.post(USERS, username=f"user-{uuid4().hex[:10]}", password=PASSWORD)
    return str(made["id"]), tenant.login(str(made["username"]))


def role_of(tenant: Tenant, *permissions: str) -> str:
    return str(tenant.post(ROLES, name=f"role-{uuid4().hex[:10]}", permissions=list(permissions))["id"])


def in_transaction(
    tenant: Tenant, work: Callable[[WriteTx], Any]
) -> Callable[[threading.Event, threading.Event], None]:
    """Run `work` as the administrator and commit only when told to."""
    runtime = tenant.server.runtime

    def run(done: threading.Event, commit: threading.Event) -> None:
        with runtime.database.connect() as conn, conn.begin():
            principal = runtime.principals.open(
                conn, runtime.principals.identify(tenant.token), read_only=False
            )
            tx = WriteTx(conn, principal, Origin("test", "test"))
            work(tx)
            tx.finish()
            done.set()
            assert commit.wait(20)

    return run


def test_a_role_changed_while_it_is_being_bound_leaves_nothing_stale(tenant: Tenant) -> None:
    """The binding is open, its new holder still invisible, when the role loses its permission."""
    role_id = role_of(tenant, "identity.read")
    user_id, token = user_of(tenant)
    client = tenant.with_token(token)
    assert client.get(USERS).status_code == 403
    bound, commit = threading.Event(), threading.Event()
    binding = in_transaction(tenant, lambda tx: bind_role(tx, UUID(user_id), UUID(role_id)))
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(binding, bound, commit)
        assert bound.wait(20)
        patch = pool.submit(tenant.client.patch, f"{ROLES}/{role_id}", json={"permissions": ["events.read"]})
        wait_for_lock(tenant)
        assert client.get(USERS).status_code == 403, "nothing is committed yet"
        commit.set()
        slow.result(20)
        assert patch.result(20).status_code == 200
    assert client.get(ME).json()["permissions"] == ["events.read"]
    assert client.get(USERS).status_code == 403


def test_a_binding_that_meets_a_changing_role_gets_the_new_permissions(tenant: Tenant) -> None:
    role_id = role_of(tenant, "identity.read")
    user_id, token = user_of(tenant)
    client = tenant.with_token(token)
    changed, commit = threading.Event(), threading.Event()
    patch = RolePatch(permissions=["events.read"])
    changing = in_transaction(tenant, lambda tx: update_role(tx, UUID(role_id), patch))
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(changing, changed, commit)
        assert changed.wait(20)
        binding = pool.submit(tenant.client.post, f"{USERS}/{user_id}/roles/{role_id}")
        wait_for_lock(tenant)
        commit.set()
        slow.result(20)
        assert binding.result(20).status_code == 204
    assert client.get(ME).json()["permissions"] == ["events.read"]


def test_readers_under_way_never_keep_what_was_taken(tenant: Tenant) -> None:
    """Eight readers fill the cache all the time while the role goes back and forth."""
    role_id = role_of(tenant, "identity.read")
    user_id, token = user_of(tenant)
    tenant.client.post(f"{USERS}/{user_id}/roles/{role_id}")
    stop = threading.Event()

    def read() -> int:
        reads = 0
        with tenant.server.database.connect() as conn:
            while not stop.is_set():
                with conn.begin():
                    claim = principals.identify(token)
                    principals.open(conn, claim, read_only=True)
                    reads += 1
        return reads

    principals = tenant.server.runtime.principals
    client = tenant.with_token(token)
    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(4)]
        try:
            for permissions, expected in [(["events.read"], 403), (["identity.read"], 200)] * 10:
                changed = tenant.client.patch(f"{ROLES}/{role_id}", json={"permissions": permissions})
                assert changed.status_code == 200
                assert client.get(USERS).status_code == expected
        finally:
            stop.set()
        assert all(reader.result(20) > 0 for reader in readers)


def test_every_process_sees_the_change(tenant: Tenant) -> None:
    """Two sources with caches of their own, as in two processes."""
    role_id = role_of(tenant, "identity.read")
    user_id, token = user_of(tenant)
    tenant.client.post(f"{USERS}/{user_id}/roles/{role_id}")
    sources = [IdentityPrincipals(tenant.server.settings) for _ in range(2)]

    def held() -> list[set[str]]:
        found = []
        for source in sources:
            with tenant.server.database.connect() as conn, conn.begin():
                found.append(set(source.open(conn, source.identify(token), read_only=True).permissions))
        return found

    assert held() == [{"identity.read"}] * 2
    tenant.client.patch(f"{ROLES}/{role_id}", json={"permissions": []})
    assert held() == [set()] * 2


def wait_for_lock(tenant: Tenant) -> None:
    """Until some session of this database waits for a lock."""
    import time

    import psycopg

    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    deadline = time.monotonic() + 20
    with psycopg.connect(tenant.server.urls.superuser_url, autocommit=True) as admin:
        while admin.execute(waiting).fetchone() == (0,):
            assert time.monotonic() < deadline, "nobody waits"
            time.sleep(0.01)
