"""News for the event loop: one LISTEN connection per process, shared by everything that waits.

A topic is a channel and a payload. Whoever subscribes first and reads afterwards misses nothing: what is committed
later is announced, and after every (re)connection all subscribers are woken once and look for themselves.
"""

import asyncio
import contextlib
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from types import FrameType

import anyio
import psycopg
import structlog
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

log = structlog.get_logger("hangar.live")

_FIRST_DELAY_SECONDS = 0.1
_LONGEST_DELAY_SECONDS = 5.0
_READERS = 2
# A server that vanished without a word is noticed after 25 s.
_KEEPALIVE = "keepalives=1 keepalives_idle=10 keepalives_interval=5 keepalives_count=3"


class Subscription:
    """Remembers that there was news since the last `wait`. Lives on the event loop."""

    def __init__(self) -> None:
        self._news = asyncio.Event()

    def wake(self) -> None:
        self._news.set()

    async def wait(self, seconds: float) -> bool:
        """True as soon as there is news, False after `seconds` without."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        came = self._news.is_set()
        self._news.clear()
        return came


class LiveHub:
    """Listens while the process runs, from the first subscription on. Every method belongs to the event loop.

    `readers` bounds the threads, and so the database connections, that all waiting requests together may use.
    """

    def __init__(self, direct_url: str, channels: tuple[str, ...]) -> None:
        self._conninfo = make_conninfo(direct_url, **conninfo_to_dict(_KEEPALIVE))
        self._channels = channels
        self._topics: dict[tuple[str, str], set[Subscription]] = {}
        self._listening: asyncio.Task[None] | None = None
        self.readers = anyio.CapacityLimiter(_READERS)
        self.draining = False

    @contextlib.contextmanager
    def subscribe(self, channel: str, payload: str) -> Iterator[Subscription]:
        """Be woken when `payload` is notified on `channel`, and after every new connection."""
        if channel not in self._channels:
            raise ValueError(f"nobody listens on {channel}")
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())
        subscription = Subscription()
        self._topics.setdefault((channel, payload), set()).add(subscription)
        try:
            yield subscription
        finally:
            others = self._topics[channel, payload]
            others.discard(subscription)
            if not others:
                del self._topics[channel, payload]

    def drain(self) -> None:
        """Tell everything that waits to finish: the process is about to stop."""
        self.draining = True
        self._wake_all()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """For the app's lifespan: drains at SIGTERM and SIGINT, closes the connection at the end."""
        with self._draining_on_signals():
            yield
        self.drain()
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening
            self._listening = None

    @contextlib.contextmanager
    def _draining_on_signals(self) -> Iterator[None]:
        """Event streams never end by themselves, and the server waits for them before the lifespan ends."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

        def drain_first(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self.drain)
            handler = before[signal.Signals(number)]
            if callable(handler):
                handler(number, frame)

        for number in before:
            signal.signal(number, drain_first)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def _listen(self) -> None:
        delay = _FIRST_DELAY_SECONDS
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True) as conn:
                    for channel in self._channels:
                        await conn.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                    delay = _FIRST_DELAY_SECONDS
                    self._wake_all()
                    async for note in conn.notifies():
                        for subscription in self._topics.get((note.channel, note.payload), ()):
                            subscription.wake()
            except psycopg.Error as error:
                log.warning("listening_interrupted", error=str(error), retry_in_seconds=delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, _LONGEST_DELAY_SECONDS)

    def _wake_all(self) -> None:
        for subscriptions in self._topics.values():
            for subscription in subscriptions:
                subscription.wake()
