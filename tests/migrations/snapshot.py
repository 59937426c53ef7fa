"""A schema as comparable lines, with everything Alembic's autogenerate doesn't look at."""

import psycopg

_QUERIES = {
    "column": """
        SELECT format('%s.%s %s%s%s', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod),
                      CASE WHEN a.attnotnull THEN ' NOT NULL' END,
                      ' ' || pg_get_expr(d.adbin, d.adrelid))
               || CASE WHEN a.attcollation NOT IN (0, t.typcollation) THEN ' ' || a.attcollation::regcollation ELSE '' END
        FROM pg_attribute a JOIN tables ON tables.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attnum > 0 AND NOT a.attisdropped""",
    # contype 'n' (NOT NULL) exists from PostgreSQL 18 and says what the columns say.
    "constraint": """
        SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(c.oid))
        FROM pg_constraint c JOIN tables ON tables.oid = conrelid WHERE contype NOT IN ('n', 't')""",
    "index": "SELECT pg_get_indexdef(indexrelid) FROM pg_index JOIN tables ON tables.oid = indrelid",
    "policy": """
        SELECT format('%s %s %s %s %s USING %s CHECK %s', polrelid::regclass, polname, polcmd, polpermissive,
                      polroles::regrole[], pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
        FROM pg_policy JOIN tables ON tables.oid = polrelid""",
    "trigger": """
        SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN tables ON tables.oid = tgrelid WHERE NOT tgisinternal""",
    "table": """
        SELECT format('%s rls=%s force=%s partition of %s by %s', c.oid::regclass, relrowsecurity, relforcerowsecurity,
                      (SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = c.oid), pg_get_partkeydef(c.oid))
        FROM pg_class c JOIN tables USING (oid)""",
    "grant": """
        SELECT format('%s %s %s', c.oid::regclass, coalesce(r.rolname, 'PUBLIC'), g.privilege_type)
        FROM pg_class c JOIN tables USING (oid), aclexplode(c.relacl) g LEFT JOIN pg_roles r ON r.oid = g.grantee
        WHERE g.grantee <> c.relowner""",
}
_TABLES = """
WITH tables AS (
    SELECT oid FROM pg_class
    WHERE relnamespace::regnamespace::text IN ({schemas}) AND relkind IN ('r', 'p') AND relname <> 'alembic_version')
"""
_FUNCTIONS = """
SELECT format('%s %s %s', p.oid::regprocedure, md5(pg_get_functiondef(p.oid)),
              ARRAY(SELECT coalesce(r.rolname, 'PUBLIC') FROM aclexplode(p.proacl) g LEFT JOIN pg_roles r ON r.oid = g.grantee
                    WHERE g.grantee <> p.proowner ORDER BY 1))
FROM pg_proc p LEFT JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e'
WHERE p.pronamespace::regnamespace::text IN ({schemas}) AND d.objid IS NULL
"""


def snapshot(conn: psycopg.Connection, *schemas: str) -> dict[str, list[str]]:
    """Sorted lines by kind. Physical column order and owners are left out: neither is part of the design."""
    names = ", ".join(f"'{name}'" for name in schemas or ("public", "jobs"))
    queries = {kind: _TABLES + query for kind, query in _QUERIES.items()} | {"function": _FUNCTIONS}
    return {
        kind: sorted(str(line) for (line,) in conn.execute(query.replace("{schemas}", names)))
        for kind, query in queries.items()
    }


def differences(before: dict[str, list[str]], after: dict[str, list[str]]) -> list[str]:
    """What two snapshots don't share, as readable lines."""
    lines = []
    for kind, old in before.items():
        new = after[kind]
        lines += [f"- {kind}: {line}" for line in old if line not in new]
        lines += [f"+ {kind}: {line}" for line in new if line not in old]
    return lines


def without_validity(shape: dict[str, list[str]]) -> dict[str, list[str]]:
    """Whether old rows were checked is knowledge that a step back can't take away."""
    return {kind: [line.removesuffix(" NOT VALID") for line in lines] for kind, lines in shape.items()}
