"""Operations on tables that already hold rows and serve traffic. Each holds strong locks only for an instant.

Names given here are final: no naming convention is applied to them. Operations that commit on their own look
first at what an interrupted run left behind, so the whole migration can simply be run again.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.kernel.db.migrate_steps import (
    committed_steps,
    long_statements,
    offline,
    run_script,
    step,
)
from app.kernel.db.rls import checked_name


def add_column(table: str, column: sa.Column[object]) -> None:
    """Add a column that the previous release can ignore: nullable, or NOT NULL with a constant default.

    Raises `ValueError` for NOT NULL without a default: the previous release's INSERTs would fail.
    """
    if not column.nullable and column.server_default is None:
        raise ValueError(f"{table}.{column.name}: add it nullable, backfill, then set_not_null")
    op.add_column(checked_name(table), column, if_not_exists=True)


def add_index_concurrently(
    table: str,
    name: str,
    columns: Sequence[str],
    *,
    unique: bool = False,
    where: str | None = None,
    using: str = "btree",
    include: Sequence[str] = (),
) -> None:
    """Build an index while the table is read and written. `columns` are names or SQL expressions.

    An INVALID index left by an interrupted build is dropped first. Not for partitioned tables, which
    PostgreSQL can't index concurrently.
    """
    sql = f"CREATE {'UNIQUE ' if unique else ''}INDEX CONCURRENTLY {name} ON {checked_name(table)}"
    sql += f" USING {using} ({', '.join(columns)})"
    sql += f" INCLUDE ({', '.join(include)})" if include else ""
    sql += f" WHERE {where}" if where else ""
    with committed_steps(), long_statements():
        valid = _index_validity(name)
        if valid is False:
            run_script(f"DROP INDEX CONCURRENTLY {name}")
        if not valid:
            run_script(sql)


def drop_index_concurrently(name: str) -> None:
    """Drop an index while its table is in use."""
    with committed_steps(), long_statements():
        run_script(f"DROP INDEX CONCURRENTLY IF EXISTS {checked_name(name)}")


def add_unique(table: str, name: str, columns: Sequence[str]) -> None:
    """Add a unique constraint from an index that was built concurrently."""
    if not offline() and _has_constraint(table, name):
        return
    add_index_concurrently(table, name, columns, unique=True)
    run_script(f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}")


def add_foreign_key_not_valid(
    table: str, name: str, column: str, ref_table: str, *, ondelete: str = "NO ACTION"
) -> None:
    """Reference `ref_table (tenant_id, id)` by `(tenant_id, column)` for new rows; old ones when validated."""
    _add_constraint(
        table,
        name,
        f"FOREIGN KEY (tenant_id, {column}) REFERENCES {checked_name(ref_table)} (tenant_id, id)"
        f" ON DELETE {ondelete} NOT VALID",
    )


def add_check_not_valid(table: str, name: str, condition: str) -> None:
    """Check new rows from now on; old ones when `validate_constraint` runs."""
    _add_constraint(table, name, f"CHECK ({condition}) NOT VALID")


def add_exclusion(
    table: str, name: str, *elements: str, where: str | None = None, using: str = "gist"
) -> None:
    """Add an exclusion constraint; `elements` read like `tenant_id WITH =`.

    It can't be added NOT VALID: the table is locked while its index is built, so on a large table this is for
    a quiet hour.
    """
    condition = f" WHERE ({where})" if where else ""
    definition = f"EXCLUDE USING {using} ({', '.join(elements)}){condition}"
    _add_constraint(table, name, definition, note="-- squawk-ignore constraint-missing-not-valid\n")


def validate_constraint(table: str, name: str) -> None:
    """Check the rows that were there before a NOT VALID constraint, while the table is in use.

    A foreign key is checked by a query, which FORCE would blind for a plain owner: hence the tables it reads
    are made visible first.
    """
    checked_name(table)
    with committed_steps(), long_statements(), step(seeing=_tables_of(table, name)):
        run_script(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def set_not_null(table: str, column: str) -> None:
    """Make a column NOT NULL through a validated check, so that no lock is held while rows are read."""
    name = f"ck_{table}_{column}_not_null"
    if not offline() and _is_not_null(table, column):
        return
    with committed_steps():
        add_check_not_valid(table, name, f"{column} IS NOT NULL")
        with long_statements():
            run_script(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
        run_script(f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL, DROP CONSTRAINT {name}")


def drop_constraint(table: str, name: str) -> None:
    """Drop any kind of constraint by its final name."""
    run_script(f"ALTER TABLE {checked_name(table)} DROP CONSTRAINT IF EXISTS {name}")


def _add_constraint(table: str, name: str, definition: str, *, note: str = "") -> None:
    if offline() or not _has_constraint(table, name):
        run_script(f"{note}ALTER TABLE {checked_name(table)} ADD CONSTRAINT {name} {definition}")


def _has_constraint(table: str, name: str) -> bool:
    query = "SELECT EXISTS (SELECT FROM pg_constraint WHERE conrelid = %s::regclass AND conname = %s)"
    return bool(op.get_bind().exec_driver_sql(query, (table, name)).scalar_one())


def _index_validity(name: str) -> bool | None:
    """Whether the index is valid; None when there is none."""
    if offline():
        return None
    query = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"
    found = op.get_bind().exec_driver_sql(query, (name,)).scalar_one_or_none()
    return None if found is None else bool(found)


def _is_not_null(table: str, column: str) -> bool:
    query = "SELECT attnotnull FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s"
    return bool(op.get_bind().exec_driver_sql(query, (table, column)).scalar_one())


def _tables_of(table: str, constraint: str) -> list[str]:
    """The tables that VALIDATE of a foreign key reads; none for a check, which no policy hides."""
    if offline():
        return []
    query = (
        "SELECT confrelid::regclass::text FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND conname = %s AND contype = 'f'"
    )
    referenced = op.get_bind().exec_driver_sql(query, (table, constraint)).scalars().all()
    return sorted({table, *map(str, referenced)}) if referenced else []
