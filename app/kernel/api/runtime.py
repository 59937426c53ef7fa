"""What a process shares between requests; one instance, on `app.state.runtime`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request

from app.kernel.api.ratelimit import RateLimiter
from app.kernel.db.engine import Database
from app.kernel.problem import Problem
from app.kernel.security.principal import PrincipalSource
from app.settings import Settings


@dataclass(slots=True)
class Runtime:
    """`constraints` maps a database constraint's name to the problem that it means to a client."""

    settings: Settings
    database: Database
    principals: PrincipalSource
    limiter: RateLimiter
    constraints: Mapping[str, Problem] = field(default_factory=dict)


def runtime_of(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime
