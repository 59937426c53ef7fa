"""Foundation: btree_gist, the insert-only guard, and procrastinate's schema for the app role.

Revises: nothing
Safe beside the previous release: there is none.

The roles themselves belong to the server, not to a database: app/kernel/db/roles.sql makes them. procrastinate's
tables come from its package, whose version the lock file pins; tests/migrations/test_jobs_schema.py fails when
a new version brings another schema, which then needs a migration of its own.
"""

from alembic import op
from procrastinate.schema import SchemaManager

from app.kernel.db import migrate as m
from app.kernel.db import rls

revision = "202602010001"
down_revision = None
branch_labels = None
depends_on = None
phase = "expand"

# Its functions name tables without a schema and run in sessions with any search_path.
PIN_SEARCH_PATH = """
DO $$
DECLARE
    fn regprocedure;
BEGIN
    FOR fn IN SELECT oid FROM pg_proc WHERE pronamespace = 'jobs'::regnamespace LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = jobs, pg_temp', fn);
    END LOOP;
END
$$
"""

GRANTS = f"""
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA jobs FROM PUBLIC;
GRANT USAGE ON SCHEMA jobs TO {rls.APP_ROLE};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA jobs TO {rls.APP_ROLE};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA jobs TO {rls.APP_ROLE};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA jobs TO {rls.APP_ROLE};
GRANT SELECT ON public.alembic_version TO {rls.APP_ROLE};
"""


def upgrade() -> None:
    m.run_script("CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public")
    m.run_script(rls.CREATE_INSERT_ONLY_FUNCTION)
    op.execute("CREATE SCHEMA jobs")
    m.run_script("SET LOCAL search_path = jobs")
    m.run_script(SchemaManager.get_schema())
    m.run_script("SET LOCAL search_path = public")
    m.run_script(PIN_SEARCH_PATH)
    m.run_script(GRANTS)


def downgrade() -> None:
    op.execute(f"REVOKE SELECT ON public.alembic_version FROM {rls.APP_ROLE}")
    op.execute("DROP SCHEMA jobs CASCADE")
    m.run_script(rls.DROP_INSERT_ONLY_FUNCTION)
    op.execute("DROP EXTENSION IF EXISTS btree_gist")
