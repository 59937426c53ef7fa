"""pgrls on the migrated database and squawk on every migration's SQL: no finding without a written reason."""

import io
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory

from app.kernel.db import migrate as m
from tests.migrations.databases import FOUNDATION

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent


def run(tool: str, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(TOOLS / tool), *arguments], input=text, capture_output=True, text=True, check=False, cwd=ROOT
    )


def pgrls(url: str) -> subprocess.CompletedProcess[str]:
    return run("pgrls", "lint", "--database-url", url, "--config", "tests/migrations/pgrls.toml")


def squawk(sql: str) -> subprocess.CompletedProcess[str]:
    return run("squawk", "--config", ".squawk.toml", "--reporter", "gcc", text=sql)


def steps() -> list[tuple[str, str]]:
    """(from, to) of every migration after the foundation's first, which builds an empty database."""
    line = [script.revision for script in ScriptDirectory.from_config(m.config()).walk_revisions()][::-1]
    assert line[0] == FOUNDATION
    return list(pairwise(line))


def test_pgrls_finds_nothing(at_head: Any) -> None:
    done = pgrls(at_head.superuser_url)
    assert done.returncode == 0, done.stdout + done.stderr


def test_pgrls_would_find_a_careless_table(pg: Any, at_head: Any) -> None:
    with psycopg.connect(at_head.superuser_url, autocommit=True) as conn:
        conn.execute("CREATE SCHEMA careless")
        try:
            conn.execute("CREATE TABLE careless.stray (tenant_id uuid)")
            done = run("pgrls", "lint", "--database-url", at_head.superuser_url, "--schemas", "careless")
        finally:
            conn.execute("DROP SCHEMA careless CASCADE")
    assert done.returncode == 1
    assert "careless.stray" in done.stdout


@pytest.mark.parametrize(("before", "after"), steps())
def test_squawk_finds_nothing(before: str, after: str) -> None:
    cfg = m.config()
    cfg.output_buffer = io.StringIO()
    command.upgrade(cfg, f"{before}:{after}", sql=True)
    sql = cfg.output_buffer.getvalue()
    assert f"Running upgrade {before} -> {after}" in sql
    done = squawk(sql)
    assert done.returncode == 0, done.stdout + done.stderr


def test_squawk_would_find_a_careless_migration() -> None:
    done = squawk(
        "BEGIN;\nALTER TABLE asset ADD COLUMN size text NOT NULL;\nCREATE INDEX i ON asset (size);\nCOMMIT;"
    )
    assert done.returncode != 0
    for rule in ("adding-required-field", "require-concurrent-index-creation", "require-lock-timeout"):
        assert rule in done.stdout
