"""Alembic's entry: offline for squawk, online as the owner under the migration lock.

Read from `Config.attributes`: `owner_dsn` (the settings' owner otherwise), `lock_retries`, `lock_retry_seconds`
and `queue_seconds` (tests shorten the waits).
"""

import logging
import time
from typing import Any

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app.kernel.db.base import Base
from app.kernel.db.migrate_session import (
    LOCK_RETRIES,
    LOCK_RETRY_SECONDS,
    QUEUE_SECONDS,
    SESSION_SETTINGS,
    lock_waits,
    lost_to_a_lock,
    migration_session,
)
from app.kernel.db.models import load_models
from app.settings import get_settings

log = logging.getLogger("hangar.migrate")
load_models()
OPTIONS: dict[str, Any] = {
    "target_metadata": Base.metadata,
    "transaction_per_migration": True,
    "compare_type": True,
    "compare_server_default": True,
    "include_schemas": False,
}


def run_offline() -> None:
    context.configure(
        dialect_name="postgresql",
        literal_binds=True,
        # A named parameter style keeps % single in the SQL that is written out.
        dialect_opts={"paramstyle": "named"},
        **OPTIONS,
    )
    for setting in SESSION_SETTINGS:
        context.get_context().impl.static_output(f"{setting};")
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    given = context.config.attributes
    owner_dsn = given.get("owner_dsn") or get_settings().owner_dsn
    waits = lock_waits(
        given.get("lock_retries", LOCK_RETRIES), given.get("lock_retry_seconds", LOCK_RETRY_SECONDS)
    )
    with migration_session(owner_dsn, queue_seconds=given.get("queue_seconds", QUEUE_SECONDS)) as conn:
        while True:
            try:
                run_once(conn)
                return
            except DBAPIError as error:
                conn.rollback()
                pause = next(waits, None)
                if pause is None or not lost_to_a_lock(error):
                    raise
                log.warning("traffic held a lock for too long; trying again in %.1f s", pause)
                time.sleep(pause)


def run_once(conn: Connection) -> None:
    partitions = set(
        conn.exec_driver_sql("SELECT relname FROM pg_class WHERE relispartition").scalars().all()
    )
    conn.rollback()

    def include_name(name: str | None, kind: str, _parents: object) -> bool:
        """A partition has no model of its own."""
        return kind != "table" or name not in partitions

    context.configure(connection=conn, include_name=include_name, **OPTIONS)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
