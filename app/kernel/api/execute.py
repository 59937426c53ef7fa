"""How one call runs: everything the client is owed happens before the commit, and the commit before the answer.

The body is read and parsed on the event loop; what is wrong with it is held back until the caller is known, so an
anonymous caller learns 401 and nothing else. Then one thread hop: open → permission → validate → claim the
idempotency key → handler → serialise → events → store the answer → commit.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from anyio.to_thread import run_sync
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import solve_dependencies
from pydantic import TypeAdapter
from pydantic_core import PydanticUndefined
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from starlette.requests import Request
from starlette.responses import Response

from app.kernel.api import idempotency
from app.kernel.api.body import parse_json, read_body, unstorable
from app.kernel.api.deferred import Completion, Deferred
from app.kernel.api.ratelimit import Allowance
from app.kernel.api.rows import Rows
from app.kernel.api.runtime import Runtime, runtime_of
from app.kernel.api.schemas import Page
from app.kernel.api.translate import translate, validation_problem
from app.kernel.db.engine import lost_connection
from app.kernel.jobs.wait import LONGEST_WAIT_SECONDS, wait_for
from app.kernel.obs.metrics import TX_RETRIES
from app.kernel.problem import (
    FieldError,
    PermissionDenied,
    Problem,
    ServiceUnavailable,
    Unauthenticated,
    UnknownParameter,
    ValidationFailed,
)
from app.kernel.security.permissions import Permission
from app.kernel.security.principal import Claim, Principal
from app.kernel.tx import AnonymousTx, Origin, ReadTx, WriteTx

ATTEMPTS = 3
_RETRY = {"40001", "40P01"}
_DEFERRED_HEADER = "x-hangar-deferred"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route, resolved at start-up into what a call needs to know."""

    handler: Callable[..., Any]
    is_async: bool
    dependant: Dependant
    has_body: bool
    body_is_json: bool
    embed_body: bool
    injected: Mapping[str, type]
    adapter: TypeAdapter[Any] | None
    status: int
    access: Permission | str
    writes: bool
    idempotent: bool
    secret: bool
    max_body: int | None
    limited: bool
    known_query: frozenset[str]
    collection: bool
    completion: Completion | None


@dataclass(slots=True)
class Call:
    """One request on its way through the thread."""

    endpoint: Endpoint
    request: Request
    runtime: Runtime
    claim: Claim | None
    origin: Origin
    raw_body: bytes = b""
    values: dict[str, Any] = field(default_factory=dict)
    problem: Problem | None = None
    allowance: Allowance | None = None
    replayed: bool = False


async def respond(endpoint: Endpoint, request: Request) -> Response:
    """Answer one request; raises a `Problem` for everything that is not a success."""
    request.scope["hangar.endpoint"] = endpoint
    call = Call(endpoint, request, runtime_of(request), _claim(endpoint, request), _origin(request))
    call.problem = _bad_query(endpoint, request)
    await _read(call)
    if not endpoint.is_async:
        outcome = await run_sync(_run, call)
        return await _complete(call, outcome) if isinstance(outcome, Deferred) else outcome
    principal = await run_sync(_admit, call)
    if call.problem:
        raise call.problem
    if principal:
        call.values |= {n: principal for n, t in endpoint.injected.items() if issubclass(t, Principal)}
    result = await endpoint.handler(**call.values)
    return _render(endpoint, request, result)


def _claim(endpoint: Endpoint, request: Request) -> Claim | None:
    if endpoint.access == "public":
        return None
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not credential:
        credential = request.cookies.get("hangar_session", "") if request.method == "GET" else ""
    if not credential:
        raise Unauthenticated("Send `Authorization: Bearer <token>`.")
    return runtime_of(request).principals.identify(credential.strip())


def _origin(request: Request) -> Origin:
    request_id = request.scope["hangar.request_id"]
    correlation = request.headers.get("x-correlation-id", "")
    return Origin(
        request_id, correlation if 0 < len(correlation) <= 128 and correlation.isprintable() else request_id
    )


def _bad_query(endpoint: Endpoint, request: Request) -> Problem | None:
    errors = []
    for name, value in request.query_params.multi_items():
        if name not in endpoint.known_query:
            errors.append(
                FieldError(pointer=f"query/{name}", code="unknown", detail="There is no such parameter.")
            )
        elif unstorable(value):
            return ValidationFailed(
                errors=[
                    FieldError(pointer=f"query/{name}", code="string_characters", detail="NUL is not text.")
                ]
            )
    if not errors:
        return None
    known = ", ".join(sorted(endpoint.known_query)) or "none"
    return UnknownParameter(f"Known parameters: {known}.", errors=errors)


async def _read(call: Call) -> None:
    """Read and parse the body and resolve parameters; problems are kept for after authentication."""
    endpoint, request = call.endpoint, call.request
    body: Any = PydanticUndefined
    try:
        if endpoint.has_body:
            limit = endpoint.max_body or call.runtime.settings.max_body_bytes
            call.raw_body = await read_body(request, limit)
        if endpoint.has_body and not endpoint.body_is_json:
            request._body = call.raw_body  # noqa: SLF001 where starlette's form parser looks for what was read
            body = await request.form()
            request.scope["fastapi_inner_astack"].push_async_callback(body.close)
        elif call.raw_body:
            body = parse_json(call.raw_body, request.headers.get("content-type", "application/json"))
    except Problem as problem:
        call.problem = call.problem or problem
        return
    solved = await solve_dependencies(
        request=request,
        dependant=endpoint.dependant,
        body=body,
        async_exit_stack=request.scope["fastapi_inner_astack"],
        embed_body_fields=endpoint.embed_body,
    )
    call.values = solved.values
    if solved.errors and call.problem is None:
        call.problem = validation_problem(solved.errors)


def _run(call: Call) -> Response | Deferred[Any]:
    """The transaction, run again after a serialization failure, a deadlock or a connection lost before work."""
    _limit(call)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _attempt(call)
        except Unauthenticated:
            call.runtime.limiter.anonymous(_address(call.request))
            raise
        except DBAPIError as error:
            again = getattr(error.orig, "sqlstate", None) in _RETRY or (
                attempt == 1 and lost_connection(error) and not call.endpoint.writes
            )
            if again and attempt < ATTEMPTS:
                TX_RETRIES.inc()
                continue
            raise translate(error, call.runtime.constraints) from error
    raise AssertionError("unreachable")


def _attempt(call: Call) -> Response | Deferred[Any]:
    endpoint = call.endpoint
    with call.runtime.database.connect() as conn, conn.begin():
        tx = _open(call, conn)
        if call.problem:
            raise call.problem
        key = call.request.headers.get("idempotency-key") if endpoint.idempotent else None
        if key is not None and isinstance(tx, WriteTx):
            earlier = _earlier_answer(call, tx, key)
            if earlier is not None:
                return earlier
        values = dict(call.values)
        for name, kind in endpoint.injected.items():
            values[name] = tx.principal if issubclass(kind, Principal) else tx
        result = endpoint.handler(**values)
        outcome = result if isinstance(result, Deferred) else _render(endpoint, call.request, result)
        if isinstance(tx, WriteTx):
            tx.finish()
            if key is not None:
                idempotency.store(tx, key, _answer(endpoint, outcome), secret=endpoint.secret)
    if isinstance(outcome, Response):
        _advertise(call, outcome)
    return outcome


async def _complete(call: Call, deferred: Deferred[Any]) -> Response:
    """Wait for what the handler started, off the thread pool, and answer with the state that is reached."""
    completion, claim = call.endpoint.completion, call.claim
    if completion is None or claim is None:
        raise TypeError(f"{call.endpoint.handler.__name__} returned Deferred without completion=")

    def finished() -> bool:
        try:
            with reopened(call.request, call.endpoint) as tx:
                return completion.finished(tx, deferred.key)
        except ServiceUnavailable:
            # What was asked for is committed: a 503 would say that it is not.
            return False

    def answer() -> Response:
        with reopened(call.request, call.endpoint) as tx:
            return _render(call.endpoint, call.request, completion.render(tx, deferred.key))

    if deferred.seconds > 0:
        await wait_for(call.runtime.live, claim.tenant_id, deferred.key, deferred.seconds, finished=finished)
    response = await run_sync(answer)
    if call.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    _advertise(call, response)
    return response


@contextmanager
def reopened(request: Request, endpoint: Endpoint) -> Iterator[ReadTx]:
    """Another read-only transaction of the caller, who is identified, authenticated and authorised anew.

    For answers that outlive their first transaction: streams, and routes that wait. Runs in a thread.
    """
    runtime = runtime_of(request)
    claim = _claim(endpoint, request)
    if claim is None:
        raise Unauthenticated
    try:
        with runtime.database.connect() as conn, conn.begin():
            principal = runtime.principals.open(conn, claim, read_only=True)
            _authorise(endpoint, principal)
            yield ReadTx(conn, principal, _origin(request))
    except DBAPIError as error:
        raise translate(error, runtime.constraints) from error


def _admit(call: Call) -> Principal | None:
    """Authentication and permission alone, for handlers that run on the event loop."""
    _limit(call)
    if call.claim is None:
        return None
    try:
        with call.runtime.database.connect() as conn, conn.begin():
            return _open(call, conn).principal
    except DBAPIError as error:
        raise translate(error, call.runtime.constraints) from error


def _limit(call: Call) -> None:
    if not call.endpoint.limited:
        return
    claim = call.claim
    if claim is not None:
        # An opaque secret is not checked yet: who guesses at one must not spend its owner's limit.
        guess = hashlib.sha256(claim.secret.encode()).hexdigest()[:16] if claim.secret else ""
        call.allowance = call.runtime.limiter.principal(f"{claim.tenant_id}:{claim.subject}:{guess}")
    else:
        call.allowance = call.runtime.limiter.anonymous(_address(call.request))


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _open(call: Call, conn: Connection) -> ReadTx:
    """Bind the transaction to its caller. Raises `Unauthenticated`, then `PermissionDenied`."""
    endpoint = call.endpoint
    if call.claim is None:
        return AnonymousTx.begin(conn, call.origin)
    principal = call.runtime.principals.open(conn, call.claim, read_only=not endpoint.writes)
    call.request.scope["hangar.principal"] = principal
    _authorise(endpoint, principal)
    if not endpoint.writes:
        return ReadTx(conn, principal, call.origin)
    return WriteTx(conn, principal, call.origin, if_match=call.request.headers.get("if-match"))


def _authorise(endpoint: Endpoint, principal: Principal) -> None:
    if isinstance(endpoint.access, Permission) and not principal.can(endpoint.access):
        raise PermissionDenied(
            f"This needs the permission {endpoint.access}.", permission=str(endpoint.access)
        )


def _earlier_answer(call: Call, tx: WriteTx, key: str) -> Response | Deferred[Any] | None:
    idempotency.check_key(key)
    url = call.request.url
    stored = idempotency.claim(
        tx, key, idempotency.fingerprint(call.request.method, url.path, url.query, call.raw_body)
    )
    if stored is None:
        return None
    call.replayed = True
    if _DEFERRED_HEADER in stored.headers:
        seconds = float(call.values.get("wait_seconds", LONGEST_WAIT_SECONDS))
        return Deferred(UUID(stored.headers[_DEFERRED_HEADER]), seconds)
    headers = stored.headers | {"Idempotency-Replayed": "true"}
    return Response(stored.body, status_code=stored.status, headers=headers)


def _render(endpoint: Endpoint, request: Request, result: Any) -> Response:
    if isinstance(result, Response):
        return result
    if isinstance(result, Rows):
        return result.response(request.headers.get("accept", ""), endpoint.status)
    if endpoint.adapter is None:
        return Response(status_code=endpoint.status)
    headers: dict[str, str] = {}
    if isinstance(result, Page):
        headers |= _page_headers(request, result)
        result = result.items
    else:
        version = getattr(result, "version", None)
        if isinstance(version, int):
            headers["ETag"] = f'"{version}"'
        row_id = getattr(result, "id", None)
        if endpoint.status == 201 and endpoint.collection and isinstance(row_id, UUID):
            headers["Location"] = f"{request.url.path}/{row_id}"
    body = endpoint.adapter.dump_json(result, by_alias=True)
    return Response(body, status_code=endpoint.status, headers=headers, media_type="application/json")


def _page_headers(request: Request, page: Page[Any]) -> dict[str, str]:
    headers = {}
    if page.next_cursor is not None:
        url = request.url.include_query_params(cursor=page.next_cursor)
        headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    if page.total is not None:
        headers["X-Total-Count"] = str(page.total)
    return headers


def _answer(endpoint: Endpoint, response: Response | Deferred[Any]) -> idempotency.StoredAnswer:
    if isinstance(response, Deferred):
        return idempotency.StoredAnswer(endpoint.status, {_DEFERRED_HEADER: str(response.key)}, b"")
    kept = {k: v for k, v in response.headers.items() if k in {"etag", "location", "content-type", "link"}}
    return idempotency.StoredAnswer(response.status_code, kept, bytes(response.body))


def _advertise(call: Call, response: Response) -> None:
    if call.allowance is not None:
        left = call.allowance
        response.headers["RateLimit-Policy"] = f'"default";q={left.limit};w=1'
        response.headers["RateLimit"] = f'"default";r={left.remaining};t={round(left.reset_seconds + 0.5)}'
