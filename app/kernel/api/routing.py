"""Routes that are denied by default and run in one transaction.

`Router` collects routes with their permission, problems and transaction; `mount` puts them on the app as `Route`
objects. How a call runs is in `execute`; how it is described is in `openapi`.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_origin, get_type_hints

from fastapi import FastAPI
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import _get_flat_fields_from_params
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.kernel.api.deferred import Completion, Deferred
from app.kernel.api.execute import Endpoint, respond
from app.kernel.api.rows import RESPONSES, Rows
from app.kernel.api.schemas import Page
from app.kernel.problem import Problem
from app.kernel.security.permissions import Permission
from app.kernel.security.principal import Principal
from app.kernel.tx import ReadTx, WriteTx

Access = Permission | Literal["public", "self_service"]
Handler = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Spec:
    """One route as its author declared it."""

    method: str
    path: str
    handler: Handler
    access: Access
    status: int | None
    errors: tuple[type[Problem], ...]
    secret: bool
    page: bool
    max_body: int | None
    limited: bool
    tags: tuple[str, ...]
    summary: str | None
    responses: dict[int | str, dict[str, Any]] = field(default_factory=dict)
    completion: Completion | None = None


class Router:
    """Collects the routes of one aggregate.

    Every route names `permission=`, or `public=True`, or `self_service=True` (any signed-in principal); one that
    names none is a `TypeError` at import.
    """

    def __init__(self, prefix: str = "", *, tags: Sequence[str] = ()) -> None:
        self.prefix = prefix
        self.tags = tuple(tags)
        self.specs: list[Spec] = []

    def route(
        self,
        method: str,
        path: str,
        *,
        permission: Permission | None = None,
        public: bool = False,
        self_service: bool = False,
        status_code: int | None = None,
        errors: Sequence[type[Problem]] = (),
        secret: bool = False,
        page: bool = False,
        max_body: int | None = None,
        limited: bool = True,
        summary: str | None = None,
        responses: dict[int | str, dict[str, Any]] | None = None,
        completion: Completion | None = None,
    ) -> Callable[[Handler], Handler]:
        """Declare a route.

        `errors`: problems beyond the ones every route can answer. `secret`: the answer holds a secret and is
        never kept for replay. `page`: HTML, not part of the OpenAPI document. `max_body`: bytes.
        `limited=False`: not counted against the rate limit. `completion`: goes with a handler that returns
        `Deferred` (and with no other).
        """
        if (permission is not None) + public + self_service != 1:
            raise TypeError(f"{method} {self.prefix}{path}: name a permission, or public, or self_service")
        access: Access = permission if permission is not None else "public" if public else "self_service"

        def keep(handler: Handler) -> Handler:
            self.specs.append(
                Spec(
                    method,
                    self.prefix + path,
                    handler,
                    access,
                    status_code,
                    tuple(errors),
                    secret,
                    page,
                    max_body,
                    limited,
                    self.tags,
                    summary,
                    responses or {},
                    completion,
                )
            )
            return handler

        return keep

    def get(self, path: str = "", **options: Any) -> Callable[[Handler], Handler]:
        return self.route("GET", path, **options)

    def post(self, path: str = "", **options: Any) -> Callable[[Handler], Handler]:
        return self.route("POST", path, **options)

    def put(self, path: str = "", **options: Any) -> Callable[[Handler], Handler]:
        return self.route("PUT", path, **options)

    def patch(self, path: str = "", **options: Any) -> Callable[[Handler], Handler]:
        return self.route("PATCH", path, **options)

    def delete(self, path: str = "", **options: Any) -> Callable[[Handler], Handler]:
        return self.route("DELETE", path, **options)


class Route(APIRoute):
    """A FastAPI route whose handler is the kernel's."""

    spec: Spec
    plan: Endpoint

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        shim, injected, returns = _split(spec.handler)
        if (get_origin(returns) is Deferred) != (spec.completion is not None):
            raise TypeError(f"{spec.method} {spec.path}: `Deferred` and completion= go together")
        returns = get_args(returns)[0] if get_origin(returns) is Deferred else returns
        item = _page_item(returns)
        model: Any = list[item] if item is not None else returns  # type: ignore[valid-type]
        nothing = returns is None or returns is type(None)
        raw = inspect.isclass(returns) and issubclass(returns, Response)
        self._injected = injected
        self._adapter = None if nothing or raw else TypeAdapter(model)
        super().__init__(
            spec.path,
            shim,
            methods=[spec.method],
            response_model=None if nothing or raw else model,
            response_class=returns if raw and returns.media_type else JSONResponse,
            status_code=spec.status or (204 if nothing else 200),
            tags=list(spec.tags),
            operation_id=spec.handler.__name__,
            name=spec.handler.__name__,
            summary=spec.summary or spec.handler.__name__.replace("_", " ").capitalize(),
            include_in_schema=not spec.page,
            responses=(RESPONSES if get_origin(returns) is Rows else {}) | spec.responses,
        )

    def get_route_handler(self) -> Callable[[Request], Any]:
        self.plan = Endpoint(
            handler=self.spec.handler,
            is_async=inspect.iscoroutinefunction(self.spec.handler),
            dependant=self.dependant,
            has_body=self.body_field is not None,
            body_is_json=not _takes_form(self.body_field),
            embed_body=self._embed_body_fields,
            injected=self._injected,
            adapter=self._adapter,
            status=self.status_code or 200,
            access=self.spec.access,
            writes=self._injected.get("tx") is not ReadTx and self.spec.method != "GET",
            idempotent=self.spec.method == "POST" and self.spec.access != "public",
            secret=self.spec.secret,
            max_body=self.spec.max_body,
            limited=self.spec.limited,
            known_query=frozenset(_query_names(self.dependant)),
            collection=self.spec.method == "POST" and ":" not in self.spec.path.rsplit("/", 1)[-1],
            completion=self.spec.completion,
        )

        async def handle(request: Request) -> Response:
            return await respond(self.plan, request)

        return handle


def mount(app: FastAPI, routers: Sequence[Router]) -> None:
    """Put every route of the routers on the app, flat, so that they can be listed and checked."""
    for router in routers:
        for spec in router.specs:
            app.router.routes.append(Route(spec))


def _split(handler: Handler) -> tuple[Handler, dict[str, type], Any]:
    """The handler as FastAPI may see it, without what the kernel injects (transaction, principal, request)."""
    hints = get_type_hints(handler, include_extras=True)
    returns = hints.pop("return", None)
    injected = {
        name: hint
        for name, hint in hints.items()
        if inspect.isclass(hint) and issubclass(hint, ReadTx | WriteTx | Principal)
    }
    shown = [
        inspect.Parameter(p.name, inspect.Parameter.KEYWORD_ONLY, default=p.default, annotation=hints[p.name])
        for p in inspect.signature(handler).parameters.values()
        if p.name not in injected
    ]

    def shim(**values: Any) -> Any:
        return handler(**values)

    shim.__name__ = handler.__name__
    shim.__doc__ = handler.__doc__
    shim.__module__ = handler.__module__
    shim.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    return shim, injected, returns


def _query_names(dependant: Dependant) -> Iterator[str]:
    """The query parameters of a handler and of what it depends on."""
    yield from (param.alias for param in _get_flat_fields_from_params(dependant.query_params))
    for inner in dependant.dependencies:
        yield from _query_names(inner)


def _page_item(returns: Any) -> Any:
    return get_args(returns)[0] if get_origin(returns) in {Page, Rows} else None


def _takes_form(body_field: ModelField | None) -> bool:
    return body_field is not None and type(body_field.field_info).__name__ in {"Form", "File"}
