"""Is the process alive; may it be given requests."""

from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, Field

Check = Literal["ok", "degraded", "failed", "behind"]


class Health(BaseModel):
    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """`checks` names each: `db` and `migrations` must be ok; `redis` may be degraded."""

    status: Literal["ready", "not_ready"]
    checks: dict[str, Check] = Field(examples=[{"db": "ok", "migrations": "ok", "redis": "ok"}])


def readiness(checks: dict[str, Callable[[], Check]]) -> Readiness:
    """Run every check; one that raises has failed."""
    results: dict[str, Check] = {}
    for name, check in checks.items():
        try:
            results[name] = check()
        except Exception:  # noqa: BLE001 any failure of a check is its result
            results[name] = "failed"
    ready = all(result in {"ok", "degraded"} for result in results.values())
    return Readiness(status="ready" if ready else "not_ready", checks=results)
