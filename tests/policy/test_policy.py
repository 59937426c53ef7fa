"""Every route: nobody is 401, without the permission is 403, with it is let in."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from app.kernel.api.routing import Route
from app.kernel.security.permissions import Permission
from app.platform.identity.catalogue import permissions
from tests.policy.surface import ROUTES, Surface, named
from tests.support.server import Server
from tests.support.tenants import PASSWORD, Tenant, make_tenant

# Open to everybody. A route that is added here is read by everybody in the world: say why in the review.
PUBLIC = {
    "GET /",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /login",
    "POST /login",
    "POST /login/demo",
    "POST /logout",
    "GET /docs/errors",
    "GET /static/{name}",
    "POST /kanban/{board_name}",
    "POST /api/identity/tenants",
    "POST /api/identity/bootstrap-admin",
    "POST /api/identity/dev-login",
    "POST /api/identity/login",
    "POST /api/identity/refresh",
}

# Open to every principal that is signed in: about itself, or filtered by what it may see.
SELF_SERVICE = {
    "GET /api/identity/me",
    "POST /api/identity/me/password",
    "POST /api/identity/logout",
    "GET /api/operations",
    "GET /api/operations/{operation_id:uuid}",
    "POST /api/operations/{operation_id:uuid}:cancel",
}

# Served by the framework and not by a router of ours.
FRAMEWORK = {"/openapi.json", "/docs", "/docs/oauth2-redirect", "/static-offline-docs"}

FLOOR = 94

GUARDED = [route for route in ROUTES if isinstance(route.spec.access, Permission)]
OPEN_TO_ALL_SIGNED_IN = [route for route in ROUTES if route.spec.access == "self_service"]
COMPATIBLE = [
    (route, older)
    for route in GUARDED
    if isinstance(route.spec.access, Permission)
    for older in route.spec.access.also
]


@pytest.fixture(scope="module")
def company(server: Server) -> Iterator[Tenant]:
    """One tenant for all of this module: no request here changes anything in it."""
    made = make_tenant(server)
    yield made
    made.close()


@pytest.fixture(scope="module")
def nobody(company: Tenant) -> httpx.Client:
    """Signed in, without any permission."""
    return company.as_user()


@pytest.fixture(scope="module")
def holder(company: Tenant) -> Callable[[str], httpx.Client]:
    """A client that holds exactly one permission."""
    made: dict[str, httpx.Client] = {}

    def client(permission: str) -> httpx.Client:
        if permission not in made:
            key = company.post("/api/identity/api-keys", name=permission, scopes=[permission])
            made[permission] = company.with_token(str(key["secret"]))
        return made[permission]

    return client


def send(client: httpx.Client, route: Surface, **changes: object) -> tuple[int, dict[str, object]]:
    """Status and problem document; a stream is left as soon as its status is known."""
    with client.stream(route.spec.method, route.url_of_nothing(), **(route.options() | changes)) as answer:  # type: ignore[arg-type]
        if answer.is_success or not answer.headers.get("content-type", "").startswith(
            "application/problem+json"
        ):
            return answer.status_code, {}
        answer.read()
        return answer.status_code, answer.json()


def test_the_lists_of_open_routes_are_these() -> None:
    assert {route.name for route in ROUTES if route.spec.access == "public"} == PUBLIC
    assert {route.name for route in OPEN_TO_ALL_SIGNED_IN} == SELF_SERVICE


def test_no_route_is_overlooked(server: Server) -> None:
    served, others = set(), set()
    for context in iter_route_contexts(server.app.routes):
        route = context.original_route
        if isinstance(route, Route):
            served.add(f"{route.spec.method} {route.spec.path}")
        else:
            others.add(getattr(route, "path", ""))
    assert served == {route.name for route in ROUTES}
    assert others == FRAMEWORK
    assert len(ROUTES) >= FLOOR
    assert len(ROUTES) == len({route.name for route in ROUTES}), "two handlers on one path"
    assert len(ROUTES) == len({route.operation for route in ROUTES}), "two handlers of one name"


def test_every_permission_of_a_route_is_in_the_catalogue() -> None:
    assert {str(route.spec.access) for route in GUARDED} <= set(permissions())


@pytest.mark.parametrize("route", GUARDED + OPEN_TO_ALL_SIGNED_IN, ids=named)
def test_nobody_is_401(anonymous: httpx.Client, route: Surface) -> None:
    status, problem = send(anonymous, route)
    assert (status, problem["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize("route", GUARDED + OPEN_TO_ALL_SIGNED_IN, ids=named)
def test_nobody_learns_what_is_wrong_with_a_request(anonymous: httpx.Client, route: Surface) -> None:
    """401 comes before unknown parameters, a broken body, and a credential that is broken."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    broken = {"params": {"no_such_parameter": "1"}, "content": b"{", "headers": headers}
    assert send(anonymous, route, **broken)[0] == 401
    headers |= {"Authorization": "Bearer not.a.token", "Idempotency-Key": "x" * 300}
    assert send(anonymous, route, **broken)[0] == 401


@pytest.mark.parametrize("route", GUARDED, ids=named)
def test_without_the_permission_is_403(nobody: httpx.Client, route: Surface) -> None:
    status, problem = send(nobody, route)
    assert (status, problem["code"]) == (403, "permission_denied")
    assert problem["permission"] == str(route.spec.access)


@pytest.mark.parametrize("route", GUARDED, ids=named)
def test_with_every_other_permission_is_403(company: Tenant, server: Server, route: Surface) -> None:
    access = route.spec.access
    assert isinstance(access, Permission)
    others = sorted(set(permissions()) - {str(access), *access.also})
    status, problem = send(_key_of(company, tuple(others)), route)
    assert (status, problem["permission"]) == (403, str(access))


@pytest.mark.parametrize("route", GUARDED, ids=named)
def test_with_the_permission_alone_is_let_in(holder: Callable[[str], httpx.Client], route: Surface) -> None:
    status, _ = send(holder(str(route.spec.access)), route)
    assert status not in {401, 403, 405}
    assert status < 500


@pytest.mark.parametrize(
    ("route", "older"), COMPATIBLE, ids=lambda v: named(v) if isinstance(v, Surface) else v
)
def test_with_an_older_word_for_it_is_let_in(
    holder: Callable[[str], httpx.Client], route: Surface, older: str
) -> None:
    assert send(holder(older), route)[0] not in {401, 403, 405}


@pytest.mark.parametrize("route", [r for r in OPEN_TO_ALL_SIGNED_IN if r.operation != "logout"], ids=named)
def test_signed_in_is_enough_for_self_service(nobody: httpx.Client, route: Surface) -> None:
    assert send(nobody, route)[0] not in {401, 403, 405}


def test_a_disabled_user_and_a_revoked_key_are_nobody(company: Tenant) -> None:
    user = company.post("/api/identity/users", username=f"user-{uuid4().hex[:8]}", password=PASSWORD)
    client = company.with_token(company.login(str(user["username"])))
    company.client.patch(f"/api/identity/users/{user['id']}", json={"is_active": False})
    key = company.post("/api/identity/api-keys", name="k", scopes=["*"])
    machine = company.with_token(str(key["secret"]))
    company.client.delete(f"/api/identity/api-keys/{key['id']}")
    for route in GUARDED:
        assert send(client, route)[0] == 401, route.name
        assert send(machine, route)[0] == 401, route.name


_KEYS: dict[tuple[object, ...], httpx.Client] = {}


def _key_of(company: Tenant, scopes: tuple[str, ...]) -> httpx.Client:
    known = (company.id, scopes)
    if known not in _KEYS:
        made = company.post("/api/identity/api-keys", name="others", scopes=list(scopes))
        _KEYS[known] = company.with_token(str(made["secret"]))
    return _KEYS[known]
