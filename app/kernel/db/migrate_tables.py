"""Operations that make tables. New tables come whole: constraints, indexes, policies and grants at once."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

from app.kernel.db import rls
from app.kernel.db.migrate_steps import note_creation, run_all, run_script


def create_tenant_table(
    name: str,
    *items: SchemaItem,
    key: Sequence[str] = ("id",),
    grants: str | None = None,
    insert_only: bool = False,
    partition_by: str | None = None,
) -> None:
    """Create a table of tenants' rows: `tenant_id uuid`, primary key `(tenant_id, *key)`, policies and grants.

    `id uuid` is added when it is part of `key`. `items` are columns, constraints and indexes. `grants` is what
    the app role may do (all four by default, SELECT and INSERT with `insert_only`). `partition_by` is
    PostgreSQL's clause, such as `RANGE (at)`; its columns must be in `key`, and each partition is made by
    `create_partition`.
    """
    given = {item.name for item in items if isinstance(item, sa.Column)}
    columns = [sa.Column("tenant_id", sa.Uuid(), nullable=False)]
    if "id" in key and "id" not in given:
        columns.append(sa.Column("id", sa.Uuid(), nullable=False))
    op.create_table(
        rls.checked_name(name),
        *columns,
        *items,
        sa.PrimaryKeyConstraint("tenant_id", *key, name=f"pk_{name}"),
        postgresql_partition_by=partition_by,
    )
    note_creation(name)
    _rules(name, grants=grants, insert_only=insert_only, tenant=True)


def create_partition(
    parent: str, name: str, bounds: str, *, grants: str | None = None, insert_only: bool = False
) -> None:
    """Create a partition of `parent` (`bounds` is `FOR VALUES …` or `DEFAULT`) with policies of its own."""
    run_script(f"CREATE TABLE {rls.checked_name(name)} PARTITION OF {rls.checked_name(parent)} {bounds}")
    note_creation(name)
    _rules(name, grants=grants, insert_only=insert_only, tenant=True)


def create_global_table(
    name: str, *items: SchemaItem, grants: str | None = None, insert_only: bool = False
) -> None:
    """Create a table that belongs to no tenant. Every such table stands in the checks' literal list."""
    op.create_table(rls.checked_name(name), *items)
    note_creation(name)
    _rules(name, grants=grants, insert_only=insert_only, tenant=False)


def tenant_fk(
    column: str, table: str, *, ondelete: str | None = None, name: str | None = None
) -> sa.ForeignKeyConstraint:
    """`(tenant_id, column)` references `table (tenant_id, id)`, for use inside `create_tenant_table`.

    `ondelete` may be `SET NULL (column)`: plain SET NULL would clear `tenant_id` as well.
    """
    return sa.ForeignKeyConstraint(
        ["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"], ondelete=ondelete, name=name
    )


def tenant_rls(table: str, *, grants: str = rls.ALL_GRANTS) -> None:
    """Put an existing table behind row security."""
    run_all(rls.tenant_rls(table, grants=grants))


def app_grants(table: str, grants: str) -> None:
    """Leave the app role exactly `grants` on an existing table."""
    run_all(rls.app_grants(table, grants))


def insert_only(table: str) -> None:
    """Refuse UPDATE, DELETE and TRUNCATE of an existing table from now on."""
    run_all(rls.insert_only(table))


def _rules(name: str, *, grants: str | None, insert_only: bool, tenant: bool) -> None:
    info: dict[str, object] = {"insert_only": insert_only}
    if grants is not None:
        info["grants"] = grants
    run_all(rls.table_rules(name, info, tenant=tenant))
