"""What a process shares between requests; one instance, on `app.state.runtime`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request

from app.kernel.api.ratelimit import RateLimiter
from app.kernel.db.engine import Database
from app.kernel.events.live import LiveHub
from app.kernel.jobs.wait import DONE_CHANNEL
from app.kernel.problem import Problem
from app.kernel.relay import SEALED_CHANNEL
from app.kernel.security.principal import PrincipalSource
from app.settings import Settings


@dataclass(slots=True)
class Runtime:
    """`constraints` maps a database constraint's name to the problem that it means to a client.

    `live` is what event streams and waiting requests are woken by.
    """

    settings: Settings
    database: Database
    principals: PrincipalSource
    limiter: RateLimiter
    constraints: Mapping[str, Problem] = field(default_factory=dict)
    live: LiveHub = field(init=False)

    def __post_init__(self) -> None:
        self.live = LiveHub(self.settings.direct_url, (SEALED_CHANNEL, DONE_CHANNEL))


def runtime_of(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime
