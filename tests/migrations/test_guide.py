"""The examples of docs/guides/migrations.md run as they stand."""

import re
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from alembic import op

from app.kernel.db import migrate as m
from tests.migrations.databases import name_of, operations, throwaway

GUIDE = (Path(__file__).parents[2] / "docs/guides/migrations.md").read_text()
EXAMPLES = [text for text in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL) if "m." in text]


@pytest.fixture
def database(pg: Any, at_head: Any) -> Any:
    with throwaway(pg, name_of(at_head)) as urls:
        yield urls


def test_the_new_table_is_made_and_dropped(database: Any) -> None:
    names: dict[str, Any] = {"m": m, "sa": sa, "op": op}
    exec(EXAMPLES[0], names)  # noqa: S102 our own guide
    for step, expected in (("upgrade", "asset_colour"), ("downgrade", None)):
        with operations(database.owner_url):
            names[step]()
        with psycopg.connect(database.owner_url) as conn:
            assert conn.execute("SELECT to_regclass('asset_colour')::text").fetchone() == (expected,)


def test_the_three_files_run_one_after_the_other(database: Any) -> None:
    files = re.split(r"^# …_\w+\.py.*$", EXAMPLES[1], flags=re.MULTILINE)[1:]
    assert len(files) == 3
    for text in files:
        with operations(database.owner_url):
            exec(text, {"m": m, "sa": sa})  # noqa: S102 our own guide
    with psycopg.connect(database.owner_url) as conn:
        assert conn.execute(
            "SELECT attnotnull FROM pg_attribute WHERE attrelid = 'asset'::regclass AND attname = 'colour'"
        ).fetchone() == (True,)


def test_every_operation_is_in_the_table() -> None:
    runner = {"BackfillError", "MigrationRefusedError", "config", "current_heads", "downgrade", "upgrade"}
    operations_named = set(m.__all__) - runner - {"tenant_fk", "every_row_of"}
    assert {name for name in operations_named if f"`{name}`" not in GUIDE} == set()
