"""The walls between tenants, asked of the live catalogue and tried as the role that serves."""

import re

from sqlalchemy import Connection

from app.domains.observability.inspections.checks.base import (
    Check,
    Ground,
    Outcome,
    failed,
    named,
    passed,
    some,
    warned,
)
from app.domains.observability.inspections.words import Weight
from app.kernel.db import rls
from app.kernel.db.engine import bind
from app.kernel.db.migrate import current_heads, schema_state
from app.kernel.ids import new_id

GLOBAL_TABLES = frozenset({"alembic_version", "tenant"})

_TABLES = """
SELECT c.oid, c.relname AS name, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'
               AND NOT a.attisdropped) AS has_tenant,
       has_table_privilege(c.oid, 'SELECT') AS readable
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass
                  AND d.deptype = 'e')
ORDER BY c.relname
"""
_POLICIES = """
SELECT p.polrelid, p.polname, p.polpermissive, p.polcmd::text AS command, p.polroles = '{0}' AS for_public,
       pg_get_expr(p.polqual, p.polrelid) AS shown, pg_get_expr(p.polwithcheck, p.polrelid) AS written
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = 'public'::regnamespace
"""
_ROLE = """
SELECT r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb,
       ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
             WHERE m.member = r.oid ORDER BY 1) AS memberships,
       (SELECT count(*) FROM pg_shdepend d WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid
        AND d.deptype = 'o'
        AND d.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))) AS owned
FROM pg_roles r WHERE r.rolname = current_user
"""
_GRANTS = """
SELECT c.relname AS name, g.privilege_type AS privilege
FROM pg_class c CROSS JOIN aclexplode(c.relacl) AS g
WHERE c.relnamespace = 'public'::regnamespace AND g.grantee = 0
UNION ALL
SELECT 'schema ' || n.nspname, g.privilege_type FROM pg_namespace n CROSS JOIN aclexplode(n.nspacl) AS g
WHERE n.nspname IN ('public', 'jobs') AND g.grantee = 0 AND g.privilege_type = 'CREATE'
ORDER BY 1, 2
"""
_UNCHECKED = """
SELECT k.conrelid::regclass::text || '.' || k.conname AS name FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT k.convalidated
UNION ALL
SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT i.indisvalid AND c.relkind = 'r'
ORDER BY 1
"""


def _spelling(expression: str | None) -> str:
    """A predicate without what PostgreSQL adds when it prints one: brackets, blanks, casts of literals."""
    plain = re.sub(r'AS "?nullif"?|::text', "", expression or "", flags=re.IGNORECASE)
    return re.sub(r"[\s()]", "", plain).lower()


_PREDICATE = _spelling(rls.TENANT_PREDICATE)


def row_security(ground: Ground) -> Outcome:
    """Enabled, forced, and behind exactly the two policies: on every table of tenants and every partition."""
    conn = ground.tx.conn
    policies: dict[int, list[tuple[object, ...]]] = {}
    for row in conn.exec_driver_sql(_POLICIES):
        right = row.command == "*" and _spelling(row.shown) == _spelling(row.written) == _PREDICATE
        policies.setdefault(row.polrelid, []).append((row.polname, row.polpermissive, row.for_public, right))
    wanted = [(rls.ACCESS_POLICY, True, False, True), (rls.FLOOR_POLICY, False, True, True)]
    wrong: dict[str, str] = {}
    tables = [row for row in conn.exec_driver_sql(_TABLES) if row.name not in GLOBAL_TABLES]
    for table in tables:
        if not table.has_tenant:
            wrong[table.name] = "has no tenant_id"
        elif not table.enabled:
            wrong[table.name] = "row security is off"
        elif not table.forced:
            wrong[table.name] = "row security is not forced"
        elif sorted(policies.get(table.oid, [])) != wanted:
            wrong[table.name] = "its policies are not the two that every table must have"
    if wrong:
        first = [f"{name} ({why})" for name, why in wrong.items()]
        return failed(f"{len(wrong)} of {len(tables)} tables let rows through: {named(first)}.", tables=wrong)
    return passed(f"Row security holds on all {len(tables)} tables of tenants.", tables=len(tables))


def app_role(ground: Ground) -> Outcome:
    """The role that serves passes no wall, owns nothing and is a member of nothing."""
    role = ground.tx.conn.exec_driver_sql(_ROLE).one()
    rights = {
        "is a superuser": role.rolsuper,
        "has BYPASSRLS": role.rolbypassrls,
        "may make roles": role.rolcreaterole,
        "may make databases": role.rolcreatedb,
        f"owns {role.owned} objects": role.owned > 0,
        f"is a member of {named(role.memberships)}": bool(role.memberships),
    }
    found = [what for what, true in rights.items() if true]
    if found:
        return failed(f"The role {role.rolname} {' and '.join(found)}.", role=role.rolname, found=found)
    return passed(f"The role {role.rolname} has no right of its own.", role=role.rolname)


def cross_tenant_probe(ground: Ground) -> Outcome:
    """Bound to a tenant that there is not, and bound to none: not a row may show, in any table."""
    names = [
        row.name
        for row in ground.tx.conn.exec_driver_sql(_TABLES)
        if row.name not in GLOBAL_TABLES and row.readable
    ]
    with ground.database.connect() as conn:
        with conn.begin():
            bind(conn, new_id(), "system:inspection", read_only=True)
            foreign = _showing(conn, names)
        with conn.begin():
            unbound = _showing(conn, names)
    own = _showing(ground.tx.conn, names)
    seen = {"as_another_tenant": foreign, "unbound": unbound}
    leaking = sorted({*foreign, *unbound})
    if leaking:
        return failed(f"Rows of other tenants show in {named(leaking)}.", tables_probed=len(names), **seen)
    return passed(
        f"{len(names)} tables show nothing to a stranger.",
        tables_probed=len(names),
        tables_with_own_rows=len(own),
        **seen,
    )


def _showing(conn: Connection, names: list[str]) -> list[str]:
    """The tables that show at least one row."""
    if not names:
        return []
    each = [
        f"SELECT '{rls.checked_name(name)}' AS name WHERE EXISTS (SELECT FROM public.{name})"
        for name in names
    ]
    return [row.name for row in conn.exec_driver_sql(" UNION ALL ".join(each))]


def public_grants(ground: Ground) -> Outcome:
    """Every role that there is or will be belongs to PUBLIC."""
    found = [f"{row.privilege} on {row.name}" for row in ground.tx.conn.exec_driver_sql(_GRANTS)]
    if found:
        return failed(f"PUBLIC may {named(found)}.", grants=some(found))
    return passed("PUBLIC may read and write no table and make nothing.")


def constraints_validated(ground: Ground) -> Outcome:
    """A constraint that was never validated, or an index that was never finished, holds for nobody."""
    found = [row.name for row in ground.tx.conn.exec_driver_sql(_UNCHECKED)]
    if found:
        return failed(f"Not validated: {named(found)}.", unchecked=some(found))
    return passed("Every constraint is validated and every index is valid.")


def migrations_at_head(ground: Ground) -> Outcome:
    """The schema is the one that this release was written for."""
    state = schema_state(ground.tx.conn)
    database, code = current_heads(ground.tx.conn)
    heads = {"database": database, "code": code}
    if state == "behind":
        return failed(f"The database is at {database}, this release needs {code}.", **heads)
    if state == "ahead":
        return warned(f"The database is at {database}, ahead of this release ({code}).", **heads)
    return passed(f"The database is at {code}.", **heads)


CHECKS = (
    Check(
        "database.row_security",
        Weight.CRITICAL,
        "Row security on every table",
        "Put the named tables behind row security again: app.kernel.db.migrate.tenant_rls in a migration.",
        row_security,
    ),
    Check(
        "database.app_role",
        Weight.CRITICAL,
        "The serving role has no rights of its own",
        "Run app/kernel/db/roles.sql again and point DATABASE_URL at hangar_app.",
        app_role,
    ),
    Check(
        "database.cross_tenant_probe",
        Weight.CRITICAL,
        "No row of another tenant shows",
        "Stop serving, restore row security on the named tables, then find out who read them.",
        cross_tenant_probe,
    ),
    Check(
        "database.public_grants",
        Weight.HIGH,
        "Nothing is granted to PUBLIC",
        "REVOKE ALL ON the named tables FROM PUBLIC; REVOKE CREATE ON SCHEMA public FROM PUBLIC.",
        public_grants,
    ),
    Check(
        "database.constraints_validated",
        Weight.MEDIUM,
        "Constraints are validated",
        "ALTER TABLE … VALIDATE CONSTRAINT …; drop an invalid index and make it again.",
        constraints_validated,
    ),
    Check(
        "database.migrations_at_head",
        Weight.HIGH,
        "The schema is this release's",
        "Run `alembic upgrade head` as the owner.",
        migrations_at_head,
    ),
)
