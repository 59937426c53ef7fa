"""Routes are denied by default."""

import pytest

from app.kernel.api.routing import Route, Router
from app.kernel.security.permissions import Permission
from app.kernel.tx import ReadTx
from app.main import create_app
from app.registry import ROUTERS
from app.settings import Settings

READ = Permission("things.read", "See things.")


def test_a_route_that_names_no_access_fails_at_import() -> None:
    router = Router("/api/things")
    with pytest.raises(TypeError, match="name a permission"):

        @router.get("")
        def list_things(tx: ReadTx) -> None: ...


def test_a_route_that_names_two_accesses_fails_at_import() -> None:
    router = Router("/api/things")
    with pytest.raises(TypeError):

        @router.get("", permission=READ, public=True)
        def list_things(tx: ReadTx) -> None: ...


def test_every_declared_route_is_served_and_every_operation_id_is_its_own() -> None:
    app = create_app(Settings(database_url="postgresql://nobody@localhost/none"))
    served = [route for route in app.routes if isinstance(route, Route)]
    assert len(served) == sum(len(router.specs) for router in ROUTERS) >= 60
    names = [route.operation_id for route in served]
    assert len(names) == len(set(names))


def test_nothing_but_ours_and_the_documentation_is_served() -> None:
    app = create_app(Settings(database_url="postgresql://nobody@localhost/none"))
    foreign = {getattr(route, "path", "?") for route in app.routes if not isinstance(route, Route)}
    assert foreign == {"/openapi.json", "/docs", "/docs/oauth2-redirect", "/static-offline-docs"}
