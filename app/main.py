"""The application factory: settings in, one FastAPI app out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware

from app.kernel.api import openapi, render
from app.kernel.api.middleware import Surround, V1Alias
from app.kernel.api.routing import mount
from app.kernel.events.documents import webhook_documents
from app.kernel.obs import logging, tracing
from app.platform import pages
from app.registry import OPENAPI_TAGS, ROUTERS, build_runtime, lifespan_services
from app.settings import Settings, get_settings
from app.version import VERSION

EXPOSED = ["ETag", "Link", "Location", "RateLimit", "Retry-After", "X-Request-ID", "X-Total-Count"]


def create_app(settings: Settings | None = None) -> FastAPI:
    """The whole product as one ASGI app. Reads the environment only when no settings are given."""
    settings = settings or get_settings()
    logging.configure(settings)
    end_tracing = tracing.configure(settings)
    runtime = build_runtime(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # A thread for each connection: more would wait for the pool, in no order, and some for too long.
        anyio.to_thread.current_default_thread_limiter().total_tokens = settings.pool_size
        async with lifespan_services(runtime):
            yield
        runtime.database.dispose()
        end_tracing()

    app = FastAPIOffline(
        title="Hangar",
        version=VERSION,
        summary="One backend for companies that run physical fleets.",
        lifespan=lifespan,
        openapi_url="/openapi.json",
        docs_url="/docs",
        redoc_url=None,
    )
    app.state.runtime = runtime
    app.state.openapi_tags = OPENAPI_TAGS
    app.state.openapi_webhooks = webhook_documents
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]
    render.install(app)
    pages.install(app)
    mount(app, ROUTERS)
    app.add_middleware(V1Alias)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=EXPOSED,
        )
    app.add_middleware(Surround, https_only=settings.profile == "production")
    return app
