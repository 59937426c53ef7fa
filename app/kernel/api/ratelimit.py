"""Requests per second, per principal and per anonymous address: GCRA in Valkey, so every process counts together.

Valkey is never the truth: when it is away, requests are let through and the gap is counted.
"""

import time
from dataclasses import dataclass
from datetime import timedelta

import redis
from throttled import RedisStore, Throttled, exceptions, rate_limiter

from app.kernel.obs.metrics import RATE_LIMITED, VALKEY_UP
from app.kernel.problem import RateLimited
from app.settings import Settings

_RETRY_VALKEY_AFTER = 5.0
_SOCKET_TIMEOUT = 0.25


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left, for the `RateLimit` headers."""

    limit: int
    remaining: int
    reset_seconds: float


class RateLimiter:
    """Raises `RateLimited`; returns None when limits are off or Valkey can't be asked."""

    def __init__(self, settings: Settings) -> None:
        self._enabled = settings.rate_limit_enabled and bool(settings.redis_url)
        self._asleep_until = 0.0
        self._client = (
            redis.Redis.from_url(
                settings.redis_url, socket_timeout=_SOCKET_TIMEOUT, socket_connect_timeout=_SOCKET_TIMEOUT
            )
            if settings.redis_url
            else None
        )
        if not self._enabled:
            return
        store = RedisStore(
            server=settings.redis_url,
            options={"SOCKET_TIMEOUT": _SOCKET_TIMEOUT, "SOCKET_CONNECT_TIMEOUT": _SOCKET_TIMEOUT},
        )
        self._principal = self._limit(store, settings.rate_limit_per_second, settings.rate_limit_burst)
        self._anonymous = self._limit(
            store, settings.anonymous_rate_limit_per_second, settings.anonymous_rate_limit_burst
        )
        self._login = Throttled(
            using="gcra",
            quota=rate_limiter.per_duration(
                timedelta(minutes=1), settings.login_attempts_per_minute, settings.login_attempts_per_minute
            ),
            store=store,
        )

    @staticmethod
    def _limit(store: RedisStore, per_second: int, burst: int) -> Throttled:
        return Throttled(using="gcra", quota=rate_limiter.per_sec(per_second, burst), store=store)

    def principal(self, key: str) -> Allowance | None:
        return self._check(self._principal, f"p:{key}") if self._enabled else None

    def anonymous(self, address: str) -> Allowance | None:
        return self._check(self._anonymous, f"a:{address}") if self._enabled else None

    def login(self, tenant: str, username: str) -> Allowance | None:
        """Attempts on one account, from wherever they come."""
        return self._check(self._login, f"l:{tenant}:{username}") if self._enabled else None

    def ping(self) -> bool:
        """Whether Valkey answers now."""
        try:
            return self._client is not None and bool(self._client.ping())
        except (redis.RedisError, OSError):
            return False

    def _check(self, throttle: Throttled, key: str) -> Allowance | None:
        if time.monotonic() < self._asleep_until:
            return None
        try:
            result = throttle.limit(key)
        except (redis.RedisError, exceptions.StoreUnavailableError, OSError):
            self._asleep_until = time.monotonic() + _RETRY_VALKEY_AFTER
            VALKEY_UP.set(0)
            return None
        VALKEY_UP.set(1)
        state = result.state
        if result.limited:
            RATE_LIMITED.inc()
            wait = max(1, round(state.retry_after + 0.5))
            raise RateLimited(
                f"Limit of {state.limit} requests reached.",
                headers={
                    "Retry-After": str(wait),
                    "RateLimit": f'"default";r=0;t={wait}',
                },
            )
        return Allowance(state.limit, state.remaining, state.reset_after)
