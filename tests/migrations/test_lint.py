"""pgrls on the migrated database and squawk on every migration's SQL: no finding without a written reason."""

import io
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.script import Script, ScriptDirectory

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


def squawk(sql: str, allowed: Iterable[str] = ()) -> subprocess.CompletedProcess[str]:
    excluded = [*tomllib.loads((ROOT / ".squawk.toml").read_text())["excluded_rules"], *allowed]
    options = ["--config", ".squawk.toml", "--reporter", "gcc", f"--exclude={','.join(excluded)}"]
    return run("squawk", *options, text=sql)


def later_migrations() -> list[Script]:
    """Every migration after the foundation's first, which builds an empty database."""
    line = list(ScriptDirectory.from_config(m.config()).walk_revisions())[::-1]
    assert line[0].revision == FOUNDATION
    return line[1:]


def sql_of(script: Script) -> str:
    cfg = m.config()
    cfg.output_buffer = io.StringIO()
    command.upgrade(cfg, f"{script.down_revision}:{script.revision}", sql=True)
    return cfg.output_buffer.getvalue()


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


@pytest.mark.parametrize("script", later_migrations(), ids=lambda script: script.revision)
def test_squawk_finds_nothing_that_the_migration_does_not_explain(script: Script) -> None:
    sql = sql_of(script)
    assert f"Running upgrade {script.down_revision} -> {script.revision}" in sql
    allowed: dict[str, str] = getattr(script.module, "squawk_allows", {})
    done = squawk(sql, allowed)
    assert done.returncode == 0, done.stdout + done.stderr
    if allowed:
        found = squawk(sql).stdout
        assert [rule for rule in allowed if rule not in found] == [], "allowed, and not needed"
        assert all(len(reason.split()) >= 3 for reason in allowed.values())


def test_squawk_would_find_a_careless_migration() -> None:
    done = squawk(
        "BEGIN;\nALTER TABLE asset ADD COLUMN size text NOT NULL;\nCREATE INDEX i ON asset (size);\nCOMMIT;"
    )
    assert done.returncode != 0
    for rule in ("adding-required-field", "require-concurrent-index-creation", "require-lock-timeout"):
        assert rule in done.stdout
