"""The list of modules: the only file that names them all, and the only one that joins them to the kernel."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from prometheus_client import start_http_server

from app.domains import observability
from app.domains.assets.module import module as assets
from app.domains.manufacturing.module import module as manufacturing
from app.domains.observability.module import OUTLETS as OBSERVABILITY_OUTLETS
from app.domains.observability.module import module as observability_module
from app.kernel.api.ratelimit import RateLimiter
from app.kernel.api.routing import Router
from app.kernel.api.runtime import Runtime
from app.kernel.db.engine import Database, bind
from app.kernel.jobs import worker
from app.kernel.jobs.backlog import keep_measuring
from app.kernel.jobs.engine import Job
from app.kernel.module import Module
from app.kernel.obs import logging
from app.kernel.problem import Problem
from app.kernel.relay import Outlet
from app.kernel.relay_loop import Relay
from app.kernel.security.principal import system
from app.kernel.tx import Origin, WriteTx, subscribe
from app.platform import events, identity, webhooks
from app.platform.audit.module import module as audit
from app.platform.events.module import module as events_module
from app.platform.health.module import module as health
from app.platform.identity.module import module as identity_module
from app.platform.operations.module import module as operations
from app.platform.pages.module import module as pages
from app.platform.webhooks.module import OUTLET as WEBHOOKS_OUTLET
from app.platform.webhooks.module import module as webhooks_module
from app.settings import Settings, get_settings

MODULES: tuple[Module, ...] = (
    health,
    identity_module,
    events_module,
    audit,
    operations,
    webhooks_module,
    pages,
    observability_module,
    manufacturing,
    assets,
)
OUTLETS: tuple[Outlet, ...] = (events.enqueue_reactions, WEBHOOKS_OUTLET, *OBSERVABILITY_OUTLETS)
ROUTERS: tuple[Router, ...] = tuple(router for module in MODULES for router in module.routers)
_END_SECONDS = 5.0
JOBS: tuple[Job, ...] = tuple(job for module in MODULES for job in module.jobs)

OPENAPI_TAGS = {
    "Health": "Is it up, may it be given requests.",
    "Identity": "Tenants, users, roles, API keys and sessions.",
    "Events": "What happened, in order: lists, the thread of one object, and a live stream.",
    "Audit": "The tamper-evident record.",
    "Operations": "Work that outlives its request.",
    "Webhooks": "Events sent to your own endpoints.",
    "Registry": "Drones: operational units.",
    "Assets": "The fleet ledger: installation, availability, health, regions and the pool.",
    "Maintenance": "Work orders.",
    "Reservations": "Who has which asset when.",
    "Items": "What is bought, made and used, and its units.",
    "Stock": "Locations, lots, moves, balances, reservations and thresholds.",
    "Bills of materials": "What a product is made of, by revision, and what follows from it.",
    "Production": "Tasks (manufacturing orders), their work orders, routings and dashboards.",
    "Kanban": "Cards between departments, and the limits of work in progress.",
    "Signals": "Logs, metrics and traces: sending, searching, adding up.",
    "Objectives": "Service level objectives and their error budgets.",
    "Alerts": "What is wrong, who answers, and what was done about it.",
    "Reliability": "Backups and restore drills.",
    "Security": "Inspections of this installation.",
    "Capacity": "Forecasts, and what they advise.",
}

identity.install_catalogue(
    [permission for module in MODULES for permission in module.permissions],
    [template for module in MODULES for template in module.role_templates],
)
for _module in MODULES:
    for _event_type, _subscriber in _module.subscriptions.items():
        subscribe(_event_type, _subscriber)


def constraints() -> dict[str, Problem]:
    """Every module's constraint names; a name claimed twice is a `ValueError`."""
    found: dict[str, Problem] = {}
    for module in MODULES:
        for name, problem in module.constraints.items():
            if name in found:
                raise ValueError(f"constraint {name} is mapped twice")
            found[name] = problem
    return found


def build_database(settings: Settings) -> Database:
    return Database(settings.app_dsn, size=settings.pool_size, timeout=settings.pool_timeout_seconds)


def build_runtime(settings: Settings) -> Runtime:
    webhooks.configure(settings)
    observability.configure_inspections(settings)
    principals = identity.IdentityPrincipals(settings)
    return Runtime(settings, build_database(settings), principals, RateLimiter(settings), constraints())


@asynccontextmanager
async def lifespan_services(runtime: Runtime) -> AsyncIterator[None]:
    """What runs beside the requests of one server process."""
    halt = threading.Event()
    observer = observability.Observer(runtime.database, runtime.settings, "server")
    watching = _beside(observer.run, halt)
    try:
        async with runtime.live.running():
            yield
    finally:
        halt.set()
        watching.join(_END_SECONDS)


def _beside(work: Callable[..., None], *args: object) -> threading.Thread:
    """A thread of its own: what never ends must take none from the pool that requests and jobs share."""
    thread = threading.Thread(target=work, args=args, daemon=True)
    thread.start()
    return thread


def create_tenant(*, name: str, username: str, password: str) -> str:
    """Make a tenant with its administrator, or find it; answers one line for the terminal."""
    database = build_database(get_settings())
    try:
        made = identity.create_tenant_with_admin(database, name=name, username=username, password=password)
    finally:
        database.dispose()
    return f"tenant {made.tenant_id} {'created' if made.created else 'exists already'}"


def seed_demo(base_url: str = "") -> dict[str, str]:
    """Fill the demo tenant, once; answers what `up` shows."""
    database = build_database(get_settings())
    try:
        made = identity.create_tenant_with_admin(
            database, name="demo", username="admin", password=identity.DEMO_PASSWORD
        )
        principal = system(made.tenant_id, "demo")
        with database.connect() as conn, conn.begin():
            bind(conn, made.tenant_id, principal.actor)
            tx = WriteTx(conn, principal, Origin("demo", "demo"))
            for module in MODULES:
                if module.demo_data is not None:
                    module.demo_data(tx)
            tx.finish()
    finally:
        database.dispose()
    password = identity.DEMO_PASSWORD
    login = f'{{"tenant":"demo","username":"admin","password":"{password}"}}'
    return {
        "demo sign-in": f"tenant demo, user admin, password {password}",
        "curl": f"curl -s {base_url}/api/identity/login -H 'content-type: application/json' -d '{login}'",
    }


def run_worker() -> None:
    """Run jobs and the relay until SIGTERM; returns or raises when PostgreSQL goes away."""
    settings = get_settings()
    logging.configure(settings)
    if settings.worker_metrics_port:
        start_http_server(settings.worker_metrics_port)
    webhooks.configure(settings)
    observability.configure_inspections(settings)
    database = build_database(settings)
    relay = Relay(database, settings.direct_url, lambda: identity.list_tenants(database), OUTLETS)

    def background(stop: asyncio.Event) -> asyncio.Future[None]:
        halt = threading.Event()

        async def relay_until_stopped() -> None:
            running = asyncio.ensure_future(asyncio.to_thread(relay.run, halt))
            stopping = asyncio.ensure_future(stop.wait())
            watched: Sequence[asyncio.Future[object]] = [running, stopping]  # type: ignore[list-item]
            beside = [
                _beside(keep_measuring, database, halt),
                _beside(observability.Observer(database, settings, "worker").run, halt),
            ]
            await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            halt.set()
            for thread in beside:
                thread.join(_END_SECONDS)
            await running

        return asyncio.ensure_future(relay_until_stopped())

    try:
        app = worker.build(settings, database, JOBS, lambda: identity.list_tenants(database))
        asyncio.run(worker.run(app, background))
    finally:
        database.dispose()
