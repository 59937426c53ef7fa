"""The connection pool of one process, and how a transaction is bound to a tenant."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.kernel.problem import ServiceUnavailable

_BIND = (
    "SELECT set_config('app.tenant_id', %(tenant)s, true), set_config('app.actor', %(actor)s, true),"
    " set_config('transaction_read_only', %(read_only)s, true)"
)


def bind(conn: Connection, tenant_id: UUID, actor: str, *, read_only: bool = False) -> None:
    """Tie the open transaction to one tenant. Transaction-scoped, so it survives no pool and no PgBouncer."""
    conn.exec_driver_sql(
        _BIND, {"tenant": str(tenant_id), "actor": actor, "read_only": "on" if read_only else "off"}
    )


def lost_connection(error: DBAPIError) -> bool:
    """The server went away or is not up yet: nothing was wrong with the statement."""
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return isinstance(error, OperationalError)
    return state[:2] == "08" or state in {"57P01", "57P02", "57P03", "25006", "53300"}


class Database:
    """One pool of `size` connections; a request that finds none free for `timeout` seconds is answered 503."""

    def __init__(self, dsn: str, *, size: int, timeout: float) -> None:
        self.size = size
        self.engine: Engine = create_engine(
            dsn,
            pool_size=size,
            max_overflow=0,
            pool_timeout=timeout,
            pool_recycle=1800,
            pool_use_lifo=True,
            isolation_level="READ COMMITTED",
        )

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A pooled connection with no transaction begun; rolled back and returned at exit.

        Raises `ServiceUnavailable` when the pool is exhausted or the server can't be reached.
        """
        try:
            conn = self.engine.connect()
        except PoolTimeout as error:
            raise ServiceUnavailable("Every database connection is busy.") from error
        except OperationalError as error:
            raise ServiceUnavailable("The database can't be reached.") from error
        try:
            yield conn
        finally:
            conn.close()

    def in_use(self) -> int:
        checked_out: int = self.engine.pool.checkedout()  # type: ignore[attr-defined]
        return checked_out

    def dispose(self) -> None:
        self.engine.dispose()
