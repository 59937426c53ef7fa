"""Rules that every table must obey, read from a live catalog. Each rule returns what breaks it, as sentences."""

from collections.abc import Callable

import psycopg

from app.kernel.db import rls

# Tables without a tenant: nothing else may lack one.
GLOBAL_TABLES = frozenset({"alembic_version", "tenant"})
TENANT_ANCHOR = "tenant"

# Functions that triggers on tenant tables may call, read line by line: none writes another row, and only
# bom_rows_frozen reads one, by a key that holds the tenant.
TRIGGER_FUNCTIONS = frozenset({rls.INSERT_ONLY_FUNCTION, "bom_revision_frozen", "bom_rows_frozen"})

_TABLES = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1
"""
_REFERENCE = "rules_reference"


def tenant_tables(conn: psycopg.Connection) -> list[str]:
    """Every table of the public schema that belongs to tenants, partitioned ones and partitions included."""
    return [name for (name,) in conn.execute(_TABLES) if name not in GLOBAL_TABLES]


def _broken(conn: psycopg.Connection, query: str, *, tables: bool = True) -> list[str]:
    """Sentences from a query that selects them; `tables` binds the tenant tables' names."""
    return [str(text) for (text,) in conn.execute(query, (tenant_tables(conn),) if tables else None)]


def tenant_id_leads_the_primary_key(conn: psycopg.Connection) -> list[str]:
    return _broken(
        conn,
        """
        SELECT format('%%s: the primary key does not start with tenant_id uuid', t.name) FROM unnest(%s::text[]) t(name)
        WHERE NOT EXISTS (
            SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
            WHERE i.indrelid = t.name::regclass AND i.indisprimary AND a.attname = 'tenant_id'
              AND a.atttypid = 'uuid'::regtype AND a.attnotnull)
        """,
    )


def every_index_starts_with_tenant_id(conn: psycopg.Connection) -> list[str]:
    """Unique and exclusion constraints too: they are indexes."""
    return _broken(
        conn,
        """
        SELECT format('%%s: index %%s does not start with tenant_id', i.indrelid::regclass, i.indexrelid::regclass)
        FROM pg_index i
        LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = ANY (%s::text[]::regclass[]) AND a.attname IS DISTINCT FROM 'tenant_id'
        """,
    )


def exclusions_compare_tenants_for_equality(conn: psycopg.Connection) -> list[str]:
    return _broken(
        conn,
        """
        SELECT format('%%s: exclusion %%s lacks tenant_id WITH =', conrelid::regclass, conname) FROM pg_constraint
        WHERE conrelid = ANY (%s::text[]::regclass[]) AND contype = 'x'
          AND pg_get_constraintdef(oid) NOT LIKE '%%(tenant_id WITH =, %%'
        """,
    )


def foreign_keys_stay_inside_the_tenant(conn: psycopg.Connection) -> list[str]:
    """`tenant_id` must point at `tenant_id`; the one exception is `tenant_id` itself naming its tenant."""
    return _broken(
        conn,
        f"""
        WITH tenant_table AS (SELECT unnest(%s::text[])::regclass AS oid)
        SELECT format('%%s: foreign key %%s leaves the tenant', k.conrelid::regclass, k.conname) FROM pg_constraint k
        WHERE k.contype = 'f'
          AND (k.conrelid IN (SELECT oid FROM tenant_table) OR k.confrelid IN (SELECT oid FROM tenant_table))
          AND NOT EXISTS (
            SELECT FROM unnest(k.conkey, k.confkey) AS pair(here, there)
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = pair.here AND a.attname = 'tenant_id'
            JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = pair.there
            WHERE b.attname = 'tenant_id' OR (k.confrelid = to_regclass('{TENANT_ANCHOR}') AND b.attname = 'id'))
        """,
    )


def set_null_never_clears_the_tenant(conn: psycopg.Connection) -> list[str]:
    return _broken(
        conn,
        """
        SELECT format('%%s: %%s clears tenant_id: say ON DELETE SET NULL (column)', k.conrelid::regclass, k.conname)
        FROM pg_constraint k
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attname = 'tenant_id'
        WHERE k.contype = 'f' AND k.conrelid = ANY (%s::text[]::regclass[])
          AND (k.confupdtype IN ('n', 'd')
               OR (k.confdeltype IN ('n', 'd') AND (k.confdelsetcols IS NULL OR a.attnum = ANY (k.confdelsetcols))))
        """,
    )


def partitioned_tables_are_not_referenced(conn: psycopg.Connection) -> list[str]:
    return _broken(
        conn,
        """
        SELECT format('%s: foreign key %s references a partitioned table', k.conrelid::regclass, k.conname)
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.confrelid WHERE k.contype = 'f' AND c.relkind = 'p'
        """,
        tables=False,
    )


def row_security_is_enabled_and_forced(conn: psycopg.Connection) -> list[str]:
    return _broken(
        conn,
        """
        SELECT format('%%s: row security is not enabled and forced', c.relname) FROM pg_class c
        WHERE c.oid = ANY (%s::text[]::regclass[]) AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
        """,
    )


def policies_are_exactly_the_two(conn: psycopg.Connection) -> list[str]:
    """Compared with what the helper makes of a scratch table, so PostgreSQL's own spelling is the measure."""
    with conn.transaction(force_rollback=True):
        conn.execute(f"CREATE TABLE {_REFERENCE} (tenant_id uuid)")
        for statement in rls.tenant_rls(_REFERENCE):
            conn.execute(statement)
        wanted = _policies(conn, _REFERENCE)
        names = [name for name in tenant_tables(conn) if name != _REFERENCE]
        return [
            f"{name}: policies differ from the helper's: {found}"
            for name in names
            if (found := _policies(conn, name)) != wanted
        ]


def _policies(conn: psycopg.Connection, table: str) -> list[tuple[object, ...]]:
    return conn.execute(
        """
        SELECT polname, polcmd::text, polpermissive, polroles::regrole[]::text,
               pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)
        FROM pg_policy WHERE polrelid = %s::regclass ORDER BY polname
        """,
        (table,),
    ).fetchall()


def the_app_role_owns_nothing(conn: psycopg.Connection) -> list[str]:
    return _broken(
        conn,
        f"""
        SELECT format('%s %s is owned by the app role', d.classid::regclass, d.objid) FROM pg_shdepend d
        WHERE d.refobjid = '{rls.APP_ROLE}'::regrole AND d.deptype = 'o'
          AND d.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
        """,
        tables=False,
    )


def grants_are_narrow(conn: psycopg.Connection) -> list[str]:
    """Nothing for PUBLIC; for the app role rows only, and no change of rows that a trigger would refuse."""
    return _broken(
        conn,
        f"""
        SELECT format('%s: %s may %s', c.relname, coalesce(r.rolname, 'PUBLIC'), g.privilege_type)
        FROM pg_class c CROSS JOIN aclexplode(c.relacl) AS g LEFT JOIN pg_roles r ON r.oid = g.grantee
        WHERE c.relnamespace = 'public'::regnamespace AND (
            g.grantee = 0
            OR (r.rolname = '{rls.APP_ROLE}' AND (
                g.privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
                OR g.is_grantable
                OR (g.privilege_type IN ('UPDATE', 'DELETE') AND EXISTS (
                    SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = '{rls.INSERT_ONLY_TRIGGER}')))))
        """,
        tables=False,
    )


def triggers_call_known_functions(conn: psycopg.Connection) -> list[str]:
    known = ", ".join(f"'public.{name}()'::regprocedure" for name in sorted(TRIGGER_FUNCTIONS))
    return _broken(
        conn,
        f"""
        SELECT format('%%s: trigger %%s calls %%s', tgrelid::regclass, tgname, tgfoid::regprocedure) FROM pg_trigger
        WHERE tgrelid = ANY (%s::text[]::regclass[]) AND NOT tgisinternal AND tgfoid NOT IN ({known})
        """,
    )


def columns_have_safe_types(conn: psycopg.Connection) -> list[str]:
    """Instants carry a zone, documents are jsonb, and nothing counts globally."""
    return _broken(
        conn,
        """
        SELECT format('%%s.%%s: %%s', a.attrelid::regclass, a.attname,
                      CASE WHEN a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval%%'
                           THEN 'a sequence is global' ELSE format_type(a.atttypid, a.atttypmod) END)
        FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = ANY (%s::text[]::regclass[]) AND a.attnum > 0 AND NOT a.attisdropped
          AND (a.atttypid IN ('timestamp'::regtype, 'timetz'::regtype, 'json'::regtype, 'money'::regtype)
               OR a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval%%')
        """,
    )


def constraints_are_validated_and_indexes_valid(conn: psycopg.Connection) -> list[str]:
    return _broken(
        conn,
        """
        SELECT format('%%s: %%s is not validated', conrelid::regclass, conname) FROM pg_constraint
        WHERE conrelid = ANY (%s::text[]::regclass[]) AND NOT convalidated
        """,
    ) + _broken(
        conn,
        "SELECT format('%s is an invalid index', indexrelid::regclass) FROM pg_index WHERE NOT indisvalid",
        tables=False,
    )


RULES: tuple[Callable[[psycopg.Connection], list[str]], ...] = (
    tenant_id_leads_the_primary_key,
    every_index_starts_with_tenant_id,
    exclusions_compare_tenants_for_equality,
    foreign_keys_stay_inside_the_tenant,
    set_null_never_clears_the_tenant,
    partitioned_tables_are_not_referenced,
    row_security_is_enabled_and_forced,
    policies_are_exactly_the_two,
    the_app_role_owns_nothing,
    grants_are_narrow,
    triggers_call_known_functions,
    columns_have_safe_types,
    constraints_are_validated_and_indexes_valid,
)
