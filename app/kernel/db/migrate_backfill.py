"""Backfills: keyset batches that commit, resume where they stopped, and prove that nothing is left."""

import logging
from collections.abc import Sequence
from typing import Any

from alembic import op
from psycopg import sql
from sqlalchemy import CursorResult

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
    each batch must change exactly as many rows as it read. A batch is locked first and read afterwards, so what
    the previous release committed while the lock was waited for is seen whole, `where` and joined tables
    included. Rows that it adds meanwhile are caught by further passes. Returns the number of rows changed. Raises `BackfillError`.
    """
    if "page" not in statement:
        raise ValueError("the statement must take its keys from page")
    page = _Page(checked_name(table), where, key, batch)
    if offline():
        run_script(f"WITH page AS ({page.query()}) {statement}")
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
    """The queries for the next `batch` keys."""

    def __init__(self, table: str, where: str, key: Sequence[str], batch: int) -> None:
        self.table, self.where, self.batch = table, where, batch
        self.columns = ", ".join(key)

    def query(self, source: str | None = None, condition: str = "") -> str:
        return f"SELECT {self.columns} FROM {source or self.table} WHERE ({self.where}){condition} ORDER BY {self.columns}"

    def locking(self, after: Sequence[Any] | None) -> str:
        """Lock and return the keys after a given one; each is there until the transaction ends."""
        condition = f" AND ({self.columns}) > {_literal(after)}" if after is not None else ""
        return f"{self.query(condition=condition)} LIMIT {self.batch} FOR NO KEY UPDATE"

    def locked(self, keys: Sequence[Sequence[Any]]) -> str:
        """Those of the locked keys that still match: as a new statement, it sees what was committed meanwhile."""
        values = ", ".join(map(_literal, keys))
        return self.query(
            f"(VALUES {values}) AS locked ({self.columns}) JOIN {self.table} USING ({self.columns})"
        )


def _literal(key: Sequence[Any]) -> str:
    return f"({', '.join(sql.Literal(value).as_string() for value in key)})"


def _one_pass(page: _Page, statement: str, *, visible: Sequence[str], one_to_one: bool) -> int:
    changed, after = 0, None
    while True:
        with step(seeing=visible):
            keys = _run(page.locking(after)).all()
            if not keys:
                return changed
            text = (
                f"WITH page AS MATERIALIZED ({page.locked(keys)}), done AS ({statement} RETURNING 1)"
                " SELECT (SELECT count(*) FROM page), (SELECT count(*) FROM done)"
            )
            read, done = _run(text).one()
            if one_to_one and read != done:
                raise BackfillError(f"a batch of {page.table} read {read} rows and changed {done}")
        after = keys[-1]
        changed += done


def _count(table: str, where: str, visible: Sequence[str]) -> int:
    with step(seeing=visible):
        return _select_count(table, where)


def _select_count(table: str, where: str) -> int:
    text = f"SELECT count(*) FROM {checked_name(table)} WHERE {where}"
    return int(_run(text).scalar_one())


def _run(text: str) -> CursorResult[*tuple[Any, ...]]:
    return op.get_bind().exec_driver_sql(text, execution_options={"no_parameters": True})
