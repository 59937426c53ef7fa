"""Backfills: keyset batches that commit, resume where they stopped, and prove that nothing is left."""

import logging
from collections.abc import Sequence
from typing import Any

from alembic import op
from psycopg import sql

from app.kernel.db.migrate_steps import committed_steps, every_row_of, offline, run_script, step
from app.kernel.db.rls import checked_name

log = logging.getLogger("hangar.migrate")

MAX_PASSES = 5


class BackfillError(RuntimeError):
    """A backfill changed another number of rows than it read, or rows are left that it should have changed."""


def backfill(
    table: str,
    statement: str,
    *,
    where: str,
    key: Sequence[str] = ("tenant_id", "id"),
    batch: int = 1000,
    touches: Sequence[str] = (),
    one_to_one: bool = True,
) -> int:
    """Run `statement` for every row of `table` that matches `where`, `batch` rows per transaction.

    `where` says what "not done yet" means, on the bare columns of `table`; the statement must make it false.
    `statement` is an INSERT, UPDATE or DELETE without RETURNING that reads its rows' keys from `page`:

        UPDATE asset SET region_id = … FROM page WHERE asset.tenant_id = page.tenant_id AND asset.id = page.id

    `touches` names the other tables it reads or writes, for owners that need FORCE lifted. With `one_to_one`
    each batch must change exactly as many rows as it read. Rows that the previous release adds meanwhile are
    caught by further passes. Returns the number of rows changed. Raises `BackfillError`.
    """
    if "page" not in statement:
        raise ValueError("the statement must take its keys from page")
    page = _Page(checked_name(table), where, key, batch)
    if offline():
        run_script(f"WITH page AS ({page.query(None)}) {statement}")
        return 0
    visible = (table, *touches)
    changed = 0
    with committed_steps():
        for _ in range(MAX_PASSES):
            changed += _one_pass(page, statement, visible=visible, one_to_one=one_to_one)
            left = _count(table, where, visible)
            if left == 0:
                log.info("backfill of %s: %s rows changed", table, changed)
                return changed
    raise BackfillError(f"{left} rows of {table} still match after {MAX_PASSES} passes: {where}")


def expect_none(table: str, where: str) -> None:
    """Raise `BackfillError` when any row of `table` matches `where`."""
    if offline():
        return
    with every_row_of(table):
        left = _select_count(table, where)
    if left:
        raise BackfillError(f"{left} rows of {table} match: {where}")


class _Page:
    """The query for the next `batch` keys after a given one."""

    def __init__(self, table: str, where: str, key: Sequence[str], batch: int) -> None:
        self.table, self.where, self.batch = table, where, batch
        self.columns = ", ".join(key)
        self.backwards = ", ".join(f"{column} DESC" for column in key)

    def query(self, after: Sequence[Any] | None, *, limit: bool = False) -> str:
        text = f"SELECT {self.columns} FROM {self.table} WHERE ({self.where})"
        if after is not None:
            last = ", ".join(sql.Literal(value).as_string() for value in after)
            text += f" AND ({self.columns}) > ({last})"
        text += f" ORDER BY {self.columns}"
        return text + (f" LIMIT {self.batch} FOR NO KEY UPDATE" if limit else "")


def _one_pass(page: _Page, statement: str, *, visible: Sequence[str], one_to_one: bool) -> int:
    changed, after = 0, None
    while True:
        text = (
            f"WITH page AS MATERIALIZED ({page.query(after, limit=True)}), done AS ({statement} RETURNING 1)"
            f" SELECT (SELECT count(*) FROM page), (SELECT count(*) FROM done), {page.columns}"
            f" FROM page ORDER BY {page.backwards} LIMIT 1"
        )
        with step(seeing=visible):
            row = op.get_bind().exec_driver_sql(text, execution_options={"no_parameters": True}).one_or_none()
            if row is None:
                return changed
            read, done, *after = row
            if one_to_one and read != done:
                raise BackfillError(f"a batch of {page.table} read {read} rows and changed {done}")
        changed += done


def _count(table: str, where: str, visible: Sequence[str]) -> int:
    with step(seeing=visible):
        return _select_count(table, where)


def _select_count(table: str, where: str) -> int:
    text = f"SELECT count(*) FROM {checked_name(table)} WHERE {where}"
    return int(op.get_bind().exec_driver_sql(text, execution_options={"no_parameters": True}).scalar_one())
