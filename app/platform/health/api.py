"""`/healthz`, `/readyz`, `/metrics`: for load balancers and Prometheus, not counted against rate limits."""

from anyio.to_thread import run_sync
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.kernel.api.routing import Router
from app.kernel.api.runtime import Runtime, runtime_of
from app.kernel.db.migrate import schema_state
from app.kernel.obs.health import Check, Health, Readiness, readiness
from app.kernel.obs.metrics import DB_POOL_IN_USE, DB_POOL_SIZE, VALKEY_UP

router = Router(tags=["Health"])


@router.get("/healthz", public=True, limited=False)
async def get_liveness() -> Health:
    """The process is up. Says nothing of what it depends on."""
    return Health()


@router.get(
    "/readyz",
    public=True,
    limited=False,
    responses={200: {"model": Readiness}, 503: {"model": Readiness, "description": "Not ready"}},
)
async def get_readiness(request: Request) -> Response:
    """Whether requests may be sent here: the database answers and its schema is this release's.

    Valkey away is `degraded`: nothing needs it to be right.
    """
    result = await run_sync(check, runtime_of(request))
    return JSONResponse(result.model_dump(), status_code=200 if result.status == "ready" else 503)


@router.get("/metrics", public=True, limited=False, page=True)
async def get_metrics(request: Request) -> Response:
    database = runtime_of(request).database
    DB_POOL_IN_USE.set(database.in_use())
    DB_POOL_SIZE.set(database.size)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def check(runtime: Runtime) -> Readiness:
    """Every readiness check, run now; blocks for a few round trips."""
    return readiness(
        {
            "db": lambda: _database(runtime),
            "migrations": lambda: _migrations(runtime),
            "redis": lambda: _valkey(runtime),
        }
    )


def _database(runtime: Runtime) -> Check:
    with runtime.database.connect() as conn:
        conn.exec_driver_sql("SELECT 1")
    return "ok"


def _migrations(runtime: Runtime) -> Check:
    with runtime.database.connect() as conn:
        return "behind" if schema_state(conn) == "behind" else "ok"


def _valkey(runtime: Runtime) -> Check:
    up = runtime.limiter.ping()
    VALKEY_UP.set(1 if up else 0)
    return "ok" if up else "degraded"
