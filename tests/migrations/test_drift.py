"""The models describe the migrated schema: what autogenerate sees, and what it doesn't."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command

from app.kernel.db import migrate as m
from app.kernel.db import rls
from app.kernel.db.base import Base
from app.kernel.db.models import load_models
from tests.migrations.catalog import GLOBAL_TABLES
from tests.migrations.databases import FOUNDATION, throwaway
from tests.migrations.snapshot import snapshot


@pytest.fixture(scope="module")
def from_models(pg: Any) -> Iterator[Any]:
    """The schema that `create_all` makes, with the helper's policies, grants and triggers."""
    load_models()
    with throwaway(pg) as urls:
        m.upgrade(urls.owner_url, FOUNDATION)
        engine = sa.create_engine(sa.make_url(urls.owner_url).set(drivername="postgresql+psycopg"))
        with engine.begin() as conn:
            Base.metadata.create_all(conn)
            for table in Base.metadata.sorted_tables:
                for line in rls.table_rules(table.name, table.info, tenant=table.name not in GLOBAL_TABLES):
                    conn.exec_driver_sql(line)
        engine.dispose()
        yield urls


def test_autogenerate_finds_nothing_to_do(at_head: Any) -> None:
    command.check(m.config(at_head.owner_url))


@pytest.mark.parametrize("kind", ["table", "column", "constraint", "index", "policy", "trigger", "grant"])
def test_models_and_migrations_make_the_same_schema(from_models: Any, at_head: Any, kind: str) -> None:
    """Partitions are left out: they are made by migrations and jobs, and inherit from the table compared here."""
    with psycopg.connect(at_head.superuser_url) as conn:
        names = [name for (name,) in conn.execute("SELECT relname FROM pg_class WHERE relispartition")]
        migrated = [
            line for line in snapshot(conn, "public")[kind] if not any(name in line for name in names)
        ]
    with psycopg.connect(from_models.superuser_url) as conn:
        modelled = snapshot(conn, "public")[kind]
    assert len(modelled) > 0
    differences = [f"migrations only: {line}" for line in sorted(set(migrated) - set(modelled))]
    differences += [f"models only: {line}" for line in sorted(set(modelled) - set(migrated))]
    assert not differences, "\n".join(differences)
