"""What the command line, the demo and the worker use: seeding, listing, finding, forgetting."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from app.kernel.clock import now
from app.kernel.db.engine import bind
from app.kernel.jobs.engine import JobContext
from app.platform import identity
from app.platform.identity.errors import UserNotFound
from app.platform.identity.models import RefreshToken, SessionRow
from app.platform.identity.module import module
from app.platform.identity.sessions.upkeep import FORGET_EXPIRED, KEPT_FOR
from tests.support.server import Server
from tests.support.tenants import PASSWORD, Tenant


def test_a_seeded_tenant_is_made_once(server: Server) -> None:
    name = f"tenant-{uuid4().hex}"
    first = identity.create_tenant_with_admin(server.database, name=name, username="root", password=PASSWORD)
    again = identity.create_tenant_with_admin(server.database, name=name, username="root", password="ignored")
    assert first.created
    assert not again.created
    assert (again.tenant_id, again.user_id) == (first.tenant_id, first.user_id)
    assert first.tenant_id in identity.list_tenants(server.database)
    with pytest.raises(UserNotFound):
        identity.create_tenant_with_admin(server.database, name=name, username="who", password=PASSWORD)


def test_demo_users_are_seeded_once_and_can_sign_in(tenant: Tenant) -> None:
    assert module.demo_data is not None
    context = JobContext(tenant.server.database, tenant.id, "seed", "seed")
    for _ in range(2):
        context.write(module.demo_data)
    users = {row["username"] for row in tenant.client.get("/api/identity/users").json()}
    assert users == {"admin", *identity.DEMO_USERS}
    technician = tenant.with_token(tenant.login("technician", identity.DEMO_PASSWORD))
    assert "maintenance.release" in technician.get("/api/identity/me").json()["permissions"]


def test_a_user_is_found_by_id_or_name_in_its_tenant_only(tenant: Tenant, rival: Tenant) -> None:
    context = JobContext(tenant.server.database, tenant.id, "test", "test")
    for text in (str(tenant.admin_id), "admin"):
        found = context.write(lambda tx, text=text: identity.resolve_user(tx, text))  # type: ignore[misc]
        assert found is not None
        assert (found.id, found.username, found.is_active) == (tenant.admin_id, "admin", True)
    for text in (str(rival.admin_id), "nobody", str(uuid4())):
        assert context.write(lambda tx, text=text: identity.resolve_user(tx, text)) is None  # type: ignore[misc]


def test_an_actor_holds_what_it_may_do_at_this_moment(tenant: Tenant, rival: Tenant) -> None:
    context = JobContext(tenant.server.database, tenant.id, "test", "test")

    def held(actor: str) -> frozenset[str]:
        return context.write(lambda tx: identity.permissions_of(tx, actor))

    key = tenant.post("/api/identity/api-keys", name="k", scopes=["events.read"])
    user = tenant.post("/api/identity/users", username="mira", password=PASSWORD)
    assert held("system:relay") == held(f"user:{tenant.admin_id}") == {"*"}
    assert held(f"api_key:{key['id']}") == {"events.read"}
    assert held(f"user:{user['id']}") == held(f"user:{rival.admin_id}") == frozenset()
    tenant.client.delete(f"/api/identity/api-keys/{key['id']}")
    assert held(f"api_key:{key['id']}") == frozenset()
    other = tenant.as_user("*", username="other").get("/api/identity/me").json()["principal"]["id"]
    assert held(f"user:{other}") == {"*"}
    tenant.client.patch(f"/api/identity/users/{other}", json={"is_active": False})
    assert held(f"user:{other}") == frozenset()
    with pytest.raises(ValueError, match="not an actor"):
        held("anonymous:0")


def test_ended_sessions_are_forgotten_after_a_week(tenant: Tenant) -> None:
    body = {"tenant": tenant.name, "username": "admin", "password": PASSWORD}
    tokens = [tenant.client.post("/api/identity/login", json=body).json() for _ in range(2)]
    database = tenant.server.database
    long_ago = now() - KEPT_FOR - timedelta(minutes=1)
    with database.connect() as conn, conn.begin():
        bind(conn, tenant.id, "test")
        oldest = conn.execute(
            select(SessionRow.id).where(SessionRow.kind == "token").order_by(SessionRow.id.desc()).limit(1)
        ).scalar_one()
        conn.execute(update(SessionRow).where(SessionRow.id == oldest).values(expires_at=long_ago))
        conn.execute(
            update(RefreshToken).where(RefreshToken.session_id == oldest).values(expires_at=long_ago)
        )
        before = conn.execute(select(func.count()).select_from(SessionRow)).scalar_one()
    FORGET_EXPIRED.perform(database, tenant.id, "job:1", {})
    with database.connect() as conn, conn.begin():
        bind(conn, tenant.id, "test")
        assert conn.execute(select(func.count()).select_from(SessionRow)).scalar_one() == before - 1
        assert conn.execute(select(RefreshToken.id).where(RefreshToken.session_id == oldest)).first() is None
    assert tenant.client.post("/api/identity/refresh", json=_refresh(tokens[0])).status_code == 200
    assert tenant.client.post("/api/identity/refresh", json=_refresh(tokens[1])).status_code == 401


def _refresh(token: dict[str, str]) -> dict[str, str]:
    return {"refresh_token": token["refresh_token"]}
