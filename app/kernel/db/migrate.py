"""Running migrations, and the operations that version files are written with (`from app.kernel.db import migrate as m`).

docs/guides/migrations.md explains the three phases and which operation belongs to which.
"""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from app.kernel.db.migrate_backfill import BackfillError, backfill, expect_none
from app.kernel.db.migrate_changes import (
    add_check_not_valid,
    add_column,
    add_exclusion,
    add_foreign_key_not_valid,
    add_index_concurrently,
    add_unique,
    drop_constraint,
    drop_index_concurrently,
    set_not_null,
    validate_constraint,
)
from app.kernel.db.migrate_session import MigrationRefusedError
from app.kernel.db.migrate_steps import every_row_of, run_script
from app.kernel.db.migrate_tables import (
    app_grants,
    create_global_table,
    create_partition,
    create_tenant_table,
    insert_only,
    tenant_fk,
    tenant_rls,
)

__all__ = [
    "BackfillError",
    "MigrationRefusedError",
    "add_check_not_valid",
    "add_column",
    "add_exclusion",
    "add_foreign_key_not_valid",
    "add_index_concurrently",
    "add_unique",
    "app_grants",
    "backfill",
    "config",
    "create_global_table",
    "create_partition",
    "create_tenant_table",
    "current_heads",
    "downgrade",
    "drop_constraint",
    "drop_index_concurrently",
    "every_row_of",
    "expect_none",
    "insert_only",
    "run_script",
    "set_not_null",
    "tenant_fk",
    "tenant_rls",
    "upgrade",
    "validate_constraint",
]

SCRIPTS = Path(__file__).resolve().parents[3] / "infra" / "migrations"


def config(owner_dsn: str = "", **attributes: object) -> Config:
    """Alembic's configuration without its files; `attributes` reach env.py through `Config.attributes`."""
    cfg = Config()
    cfg.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    cfg.attributes.update(attributes, owner_dsn=owner_dsn)
    return cfg


def upgrade(owner_dsn: str, target: str = "head", **attributes: object) -> None:
    """Bring the database to `target`. Raises `MigrationRefusedError` before anything changed.

    A migration that loses a lock to traffic is tried again a few times; what was committed stays, and the next
    call continues there.
    """
    command.upgrade(config(owner_dsn, **attributes), target)


def downgrade(owner_dsn: str, target: str, **attributes: object) -> None:
    """Take the database back to `target` (a revision, `-1` or `base`)."""
    command.downgrade(config(owner_dsn, **attributes), target)


@lru_cache(maxsize=1)
def code_head() -> str:
    """The newest revision that this code brings."""
    head = ScriptDirectory.from_config(config()).get_current_head()
    if head is None:
        raise LookupError(f"no migrations under {SCRIPTS}")
    return head


@lru_cache(maxsize=1)
def known_revisions() -> frozenset[str]:
    """Every revision that this code brings."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(config()).walk_revisions())


def schema_state(conn: Connection) -> Literal["current", "behind", "ahead"]:
    """How the database stands to this code. `ahead`: a newer release migrated it, and this one still serves."""
    found, wanted = current_heads(conn)
    if found == wanted:
        return "current"
    return "behind" if found is None or found in known_revisions() else "ahead"


def current_heads(conn: Connection) -> tuple[str | None, str]:
    """The revision the database is at (None: never migrated) and the newest one of the code."""
    if conn.exec_driver_sql("SELECT to_regclass('public.alembic_version')").scalar_one() is None:
        return None, code_head()
    found = conn.exec_driver_sql("SELECT version_num FROM public.alembic_version").scalar_one_or_none()
    return found, code_head()
