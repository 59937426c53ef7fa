"""PostgreSQL and Valkey together, with the roles and the database the product needs.

    stack = EmbeddedStack(Path(".hangar/data"))
    urls = stack.start()
    ...
    stack.stop()

`temporary_stack()` gives the same on a throwaway directory.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlsplit, urlunsplit

import app.kernel.db
from app.kernel.embedded.account import server_account
from app.kernel.embedded.home import StackHome, open_home, remove_home
from app.kernel.embedded.janitor import janitor
from app.kernel.embedded.postgres import SUPERUSER, PostgresServer
from app.kernel.embedded.valkey import ValkeyServer

DATABASE = "hangar"
ROLES_SQL = Path(app.kernel.db.__file__).with_name("roles.sql")
_ROLES = {"app": "hangar_app", "owner": "hangar_owner", "ops": "hangar_ops"}


@dataclass(frozen=True)
class StackUrls:
    """Connection URLs, `postgresql://` and `redis://`. Empty where the stack does not run that service."""

    superuser_url: str = ""
    owner_url: str = ""
    app_url: str = ""
    ops_url: str = ""
    direct_url: str = ""
    redis_url: str = ""

    def for_database(self, name: str) -> Self:
        """The same roles on another database of this server."""
        urls = {
            field: urlunsplit(urlsplit(url)._replace(path=f"/{quote(name)}"))
            for field in ("superuser_url", "owner_url", "app_url", "ops_url", "direct_url")
            if (url := getattr(self, field))
        }
        return replace(self, **urls)

    def environment(self) -> dict[str, str]:
        """The variables that app.settings reads; only those of services this stack runs."""
        named = {
            "DATABASE_URL": self.app_url,
            "DATABASE_OWNER_URL": self.owner_url,
            "OPS_DATABASE_URL": self.ops_url,
            "DATABASE_DIRECT_URL": self.direct_url,
            "REDIS_URL": self.redis_url,
        }
        return {name: url for name, url in named.items() if url}


class EmbeddedStack:
    """The servers of one data directory. `start` takes the directory's lock; `stop` gives it back.

    `durable=False` trades safety for speed (no fsync): throwaway data only. `interrupted` is asked while waiting
    for crash recovery, which may take minutes; once true, `start` gives up with StackError.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        durable: bool = True,
        postgres: bool = True,
        valkey: bool = True,
        roles_sql: Path = ROLES_SQL,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        account = server_account(data_dir / "postgres") if postgres or valkey else None
        self.home: StackHome = open_home(data_dir, account)
        if account:  # an older cluster under the real home decides
            self.home.account = server_account(self.home.cluster)
        self._roles_sql = roles_sql
        self.postgres = (
            PostgresServer(self.home, durable=durable, interrupted=interrupted) if postgres else None
        )
        self.valkey = ValkeyServer(self.home) if valkey else None
        self.urls = StackUrls()

    def start(self) -> StackUrls:
        """Stop what a killed run left, start both servers, make roles and database. Raises StackError."""
        self.home.lock()
        try:
            return self._start_servers()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop both servers and release the directory. May be called twice."""
        if self.postgres:
            self.postgres.stop()
        if self.valkey:
            self.valkey.stop()
        self.home.clear_state()
        self.home.unlock()

    def revive(self) -> list[str]:
        """Start again whichever server has died; returns their names."""
        revived = []
        if self.postgres and not self.postgres.running():
            self.postgres.start()
            revived.append("postgres")
        if self.valkey and not self.valkey.running():
            self.valkey.start()
            revived.append("valkey")
        return revived

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start_servers(self) -> StackUrls:
        if self.valkey:
            self.valkey.launch()
        if self.postgres:
            self.postgres.start()
            self._bootstrap(self.postgres)
        if self.valkey:
            self.valkey.wait_ready()
        self.urls = self._urls()
        return self.urls

    def _bootstrap(self, server: PostgresServer) -> None:
        """Roles and database, once per version of roles.sql. Every step can be repeated."""
        variables = {f"{short}_password": self.home.password(role) for short, role in _ROLES.items()}
        stamp = hashlib.sha256(self._roles_sql.read_bytes() + repr(variables).encode()).hexdigest()
        if self.home.config().get("roles") == stamp:
            return
        existing = server.psql(database="postgres", script="SELECT datname FROM pg_database")
        if DATABASE not in existing.split():
            server.psql(database="postgres", script=f"CREATE DATABASE {DATABASE}")
        server.psql(database=DATABASE, script=self._roles_sql, variables=variables)
        server.psql(database="postgres", script=f"ALTER DATABASE {DATABASE} OWNER TO {_ROLES['owner']}")
        self.home.remember("roles", stamp)

    def _urls(self) -> StackUrls:
        urls = StackUrls()
        if self.postgres:
            port = self.postgres.port
            urls = replace(
                urls,
                superuser_url=self._database_url(SUPERUSER, port),
                owner_url=self._database_url(_ROLES["owner"], port),
                app_url=self._database_url(_ROLES["app"], port),
                ops_url=self._database_url(_ROLES["ops"], port),
                direct_url=self._database_url(_ROLES["app"], port),
            )
        if self.valkey:
            password = self.home.password("valkey")
            urls = replace(urls, redis_url=f"redis://:{password}@127.0.0.1:{self.valkey.port}/0")
        return urls

    def _database_url(self, role: str, port: int) -> str:
        return f"postgresql://{role}:{self.home.password(role)}@127.0.0.1:{port}/{DATABASE}"


@contextmanager
def temporary_stack(
    *, durable: bool = False, postgres: bool = True, valkey: bool = True, roles_sql: Path = ROLES_SQL
) -> Iterator[EmbeddedStack]:
    """A started stack on a directory of its own, gone afterwards, even when this process is killed."""
    directory = Path(tempfile.mkdtemp(prefix="hangar-tmp-"))
    directory.chmod(0o711)  # ours: lets the servers' user through to its cluster
    stack = EmbeddedStack(directory, durable=durable, postgres=postgres, valkey=valkey, roles_sql=roles_sql)
    try:
        with stack, janitor(stack.home, stack.home.path, directory):
            yield stack
    finally:
        remove_home(stack.home, directory)
