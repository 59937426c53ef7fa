"""`GET /`: what runs here, whether it is well, and where to go; HTML for a browser, JSON otherwise."""

from anyio.to_thread import run_sync
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.kernel.api.routing import Router
from app.kernel.api.runtime import runtime_of
from app.kernel.obs.health import Check
from app.platform import health
from app.platform.pages.login import DEMO_USERS
from app.platform.pages.security import HEADERS, wants_html
from app.platform.pages.shell import page_principal, render
from app.version import VERSION

router = Router()

LINKS = {
    "docs": "/docs",
    "openapi": "/openapi.json",
    "errors": "/docs/errors",
    "events": "/events",
    "metrics": "/metrics",
    "login": "/login",
}
_WORDS: dict[Check, str] = {"ok": "Ready", "degraded": "Degraded", "failed": "Failed", "behind": "Behind"}
_NAMES = {"db": "Database", "migrations": "Migrations", "redis": "Valkey"}


class Landing(BaseModel):
    """What the landing page says, for programs."""

    name: str
    summary: str
    version: str
    status: str
    checks: dict[str, Check]
    links: dict[str, str]


@router.get("/", public=True, page=True)
async def show_landing(request: Request) -> Response:
    """Answers even when the database is away: that is when somebody looks here."""
    readiness = await run_sync(health.check, runtime_of(request))
    if not wants_html(request):
        landing = Landing(
            name=request.app.title,
            summary=request.app.summary or "",
            version=VERSION,
            status=readiness.status,
            checks=readiness.checks,
            links=LINKS,
        )
        return JSONResponse(
            landing.model_dump(), headers={"Vary": HEADERS["Vary"], "Cache-Control": "no-store"}
        )
    await run_sync(page_principal, request)
    demo = DEMO_USERS if runtime_of(request).settings.profile == "dev" else ()
    return render(
        request,
        "landing.html",
        ready=readiness.status == "ready",
        checks=[
            (_NAMES.get(name, name), result, _WORDS[result]) for name, result in readiness.checks.items()
        ],
        demo_users=[(name, name.replace("-", " ").capitalize().replace("Ml ", "ML ")) for name in demo],
    )
