"""Row security of tenant tables: the one place that writes policies, grants and insert-only triggers.

Every tenant table carries two policies with the same predicate. The permissive one opens the app role's own
tenant; the restrictive one is a floor under it, so that a permissive policy added later can widen nothing.
Roles with BYPASSRLS (migrations, restore drills) pass both. See PostgreSQL, "Row Security Policies".
"""

import re
from collections.abc import Mapping
from typing import Any

APP_ROLE = "hangar_app"
OWNER_ROLE = "hangar_owner"
OPS_ROLE = "hangar_ops"

ACCESS_POLICY = "tenant_access"
FLOOR_POLICY = "tenant_floor"
INSERT_ONLY_TRIGGER = "insert_only"
INSERT_ONLY_FUNCTION = "refuse_change"

# The sub-select makes it one InitPlan per statement instead of a call per row. After a transaction that bound
# a tenant the setting reads '' and not NULL, hence nullif.
TENANT_PREDICATE = "tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)"

ALL_GRANTS = "SELECT, INSERT, UPDATE, DELETE"
INSERT_ONLY_GRANTS = "SELECT, INSERT"

_NAME = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?")

# ERRCODE 0A000 (feature_not_supported) is no integrity violation, so no handler mistakes it for a 409.
CREATE_INSERT_ONLY_FUNCTION = f"""
CREATE FUNCTION public.{INSERT_ONLY_FUNCTION}() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'table %.% is insert-only: % refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP
        USING ERRCODE = '0A000';
END
$$
""".strip()
DROP_INSERT_ONLY_FUNCTION = f"DROP FUNCTION IF EXISTS public.{INSERT_ONLY_FUNCTION}()"


def checked_name(table: str) -> str:
    """Return `table` if it is a plain lower-case name, with or without a schema. Raises `ValueError`."""
    if not _NAME.fullmatch(table):
        raise ValueError(f"not a plain table name: {table!r}")
    return table


def tenant_rls(table: str, *, grants: str = ALL_GRANTS) -> list[str]:
    """SQL statements that put `table` (it must have `tenant_id uuid`) behind row security and grant the app role.

    A partition needs them too: whoever names it directly meets its own policies, not its parent's.
    """
    name = checked_name(table)
    both = f"USING ({TENANT_PREDICATE}) WITH CHECK ({TENANT_PREDICATE})"
    return [
        f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY {ACCESS_POLICY} ON {name} AS PERMISSIVE FOR ALL TO {APP_ROLE} {both}",
        f"CREATE POLICY {FLOOR_POLICY} ON {name} AS RESTRICTIVE FOR ALL TO PUBLIC {both}",
        *app_grants(name, grants),
    ]


def app_grants(table: str, grants: str) -> list[str]:
    """SQL statements that leave the app role exactly `grants` on `table`; `""` leaves it nothing."""
    name = checked_name(table)
    revoke = f"REVOKE ALL ON TABLE {name} FROM {APP_ROLE}"
    return [revoke, f"GRANT {grants} ON TABLE {name} TO {APP_ROLE}"] if grants else [revoke]


def insert_only(table: str) -> list[str]:
    """SQL statements that make every role's UPDATE, DELETE and TRUNCATE of `table` fail with SQLSTATE 0A000.

    A statement trigger fires for a statement that touches no row as well, and for referential actions. Old
    rows leave by dropping their partition.
    """
    name = checked_name(table)
    events = f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {name} FOR EACH STATEMENT"
    return [f"CREATE TRIGGER {INSERT_ONLY_TRIGGER} {events} EXECUTE FUNCTION public.{INSERT_ONLY_FUNCTION}()"]


def table_rules(table: str, info: Mapping[str, Any], *, tenant: bool) -> list[str]:
    """The statements for a model's table, from its `__table_args__ = {"info": {...}}`.

    `info` keys: `grants` (SQL list, default all four; `""` for none), `insert_only` (bool) and `guards`
    (statements that make further triggers). The same mapping is what the migration checks compare a migrated
    database with.
    """
    frozen = bool(info.get("insert_only"))
    grants = str(info.get("grants", INSERT_ONLY_GRANTS if frozen else ALL_GRANTS))
    rules = tenant_rls(table, grants=grants) if tenant else app_grants(table, grants)
    guards = [str(line) for line in info.get("guards", ())]
    return [*rules, *(insert_only(table) if frozen else ()), *guards]
