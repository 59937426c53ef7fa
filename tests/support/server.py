"""A real server for tests: uvicorn in a thread, on a free port of the loopback interface."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import uvicorn

from app.kernel.api.runtime import Runtime
from app.kernel.db.engine import Database
from app.main import create_app
from app.settings import Settings
from tests.support.databases import TEMPLATE, Servers
from tests.support.passwords import make_hashes_cheap


def settings_for(urls: Servers, **changes: object) -> Settings:
    """Settings of a test server: generous limits, one console line an event, private webhooks allowed."""
    given: dict[str, object] = {
        "database_url": urls.app_url,
        "database_owner_url": urls.owner_url,
        "ops_database_url": urls.ops_url,
        "database_direct_url": urls.direct_url,
        "redis_url": urls.redis_url,
        "log_level": "WARNING",
        "log_format": "console",
        "rate_limit_per_second": 100_000,
        "rate_limit_burst": 100_000,
        "anonymous_rate_limit_per_second": 100_000,
        "anonymous_rate_limit_burst": 100_000,
        "login_attempts_per_minute": 100_000,
        "egress_allow_private": True,
    }
    return Settings.model_validate(given | changes)


class Server:
    """`with Server(settings) as server:` serves until the block ends."""

    def __init__(self, settings: Settings, urls: Servers) -> None:
        self.settings = settings
        self.urls = urls
        self.app = create_app(settings)
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            self.app,
            loop="uvloop",
            http="httptools",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    @property
    def runtime(self) -> Runtime:
        runtime: Runtime = self.app.state.runtime
        return runtime

    @property
    def database(self) -> Database:
        return self.runtime.database

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError("the test server did not start")
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=15)
        self._socket.close()


@contextmanager
def own_server(pg: Servers, name: str) -> Iterator[Server]:
    """A server on a migrated database of its own, so that its jobs and rows are nobody else's."""
    make_hashes_cheap()
    urls = pg.create_database(name, TEMPLATE)
    try:
        with Server(settings_for(urls), urls) as running:
            yield running
    finally:
        pg.drop_database(name)
