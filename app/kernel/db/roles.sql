-- The three database roles of Hangar. For the embedded server, the containers and any server of your own:
--
--   createdb hangar
--   HANGAR_OWNER_PASSWORD=… HANGAR_APP_PASSWORD=… HANGAR_OPS_PASSWORD=… \
--     psql -v ON_ERROR_STOP=1 -v take_database=yes -d hangar -f app/kernel/db/roles.sql
--
-- Run it as a superuser, connected to Hangar's database. It can be run again at any time; run it again after
-- a dump was restored, because pg_dump does not carry the LEAKPROOF marks of the last section.
--
-- psql variables:
--   owner_password, app_password, ops_password   without -v they are read from HANGAR_OWNER_PASSWORD,
--                    HANGAR_APP_PASSWORD and HANGAR_OPS_PASSWORD; without either a password stays as it is
--   take_database    any value: hangar_owner becomes the owner of the connected database
--
-- A managed server that gives no superuser: run it as the role that may CREATE ROLE. BYPASSRLS and LEAKPROOF
-- are then left out with a notice. Hangar works without them: migrations lift FORCE from the tables they
-- touch, restore drills answer with a reason code, and a few filters scan a tenant instead of an index.

\set ON_ERROR_STOP on
SET client_min_messages = notice;

\if :{?owner_password}
\else
  \getenv owner_password HANGAR_OWNER_PASSWORD
\endif
\if :{?app_password}
\else
  \getenv app_password HANGAR_APP_PASSWORD
\endif
\if :{?ops_password}
\else
  \getenv ops_password HANGAR_OPS_PASSWORD
\endif

SELECT rolsuper AS is_superuser FROM pg_roles WHERE rolname = current_user \gset
BEGIN;
-- Roles are shared by all databases of a server. Two runs at once would update the same row and one would fail.
\if :is_superuser
  LOCK TABLE pg_authid IN SHARE ROW EXCLUSIVE MODE;
\endif

-- 1. The roles: the owner migrates, the app serves, ops drills restores.

SELECT format('CREATE ROLE %I LOGIN', name)
FROM unnest(ARRAY['hangar_owner', 'hangar_app', 'hangar_ops']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

-- A statement log must not keep a password. Only a superuser may say so.
\if :is_superuser
  SET log_statement = 'none';
  SET log_min_duration_statement = -1;
\endif
SET password_encryption = 'scram-sha-256';
\if :{?owner_password}
  ALTER ROLE hangar_owner PASSWORD :'owner_password';
\endif
\if :{?app_password}
  ALTER ROLE hangar_app PASSWORD :'app_password';
\endif
\if :{?ops_password}
  ALTER ROLE hangar_ops PASSWORD :'ops_password';
\endif
\if :is_superuser
  RESET log_statement;
  RESET log_min_duration_statement;
\endif

-- 2. Attributes.

\if :is_superuser
  ALTER ROLE hangar_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION BYPASSRLS;
  ALTER ROLE hangar_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
  ALTER ROLE hangar_ops LOGIN NOSUPERUSER CREATEDB NOCREATEROLE NOREPLICATION BYPASSRLS;
\else
  DO $$
  BEGIN
      ALTER ROLE hangar_owner BYPASSRLS;
      ALTER ROLE hangar_ops BYPASSRLS;
  EXCEPTION WHEN insufficient_privilege THEN
      RAISE NOTICE 'no BYPASSRLS for hangar_owner and hangar_ops: % may not grant it', current_user;
  END
  $$;
  DO $$
  BEGIN
      ALTER ROLE hangar_ops CREATEDB;
  EXCEPTION WHEN insufficient_privilege THEN
      RAISE NOTICE 'no CREATEDB for hangar_ops: % may not grant it', current_user;
  END
  $$;
\endif

-- Whatever the server allowed, these two facts carry the isolation of tenants.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'hangar_app' AND (rolsuper OR rolbypassrls)) THEN
        RAISE EXCEPTION 'hangar_app must be neither a superuser nor BYPASSRLS';
    END IF;
    IF EXISTS (
        SELECT FROM pg_auth_members
        WHERE member = 'hangar_app'::regrole
          AND pg_has_role('hangar_app', roleid, 'SET')
          AND roleid IN (SELECT oid FROM pg_roles
                         WHERE rolsuper OR rolbypassrls OR rolname IN ('hangar_owner', 'hangar_ops'))
    ) THEN
        RAISE EXCEPTION 'hangar_app must not be a member of a role that sees every tenant';
    END IF;
END
$$;

-- 3. Settings of each role.

ALTER ROLE hangar_app SET search_path = public, jobs;
ALTER ROLE hangar_app SET statement_timeout = '15s';
ALTER ROLE hangar_app SET lock_timeout = '4s';
ALTER ROLE hangar_app SET idle_in_transaction_session_timeout = '15s';
ALTER ROLE hangar_app SET timezone = 'UTC';
ALTER ROLE hangar_owner SET search_path = public;
ALTER ROLE hangar_owner SET lock_timeout = '4s';
ALTER ROLE hangar_owner SET timezone = 'UTC';
ALTER ROLE hangar_ops SET search_path = public, jobs;
ALTER ROLE hangar_ops SET lock_timeout = '4s';
ALTER ROLE hangar_ops SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE hangar_ops SET timezone = 'UTC';

-- 4. The connected database. TEMPORARY: bulk loads of the app role go through a temporary table.

\if :{?take_database}
  -- Without superuser, giving a database away takes membership in its new owner.
  SELECT format('GRANT hangar_owner TO %I', current_user) WHERE NOT pg_has_role('hangar_owner', 'SET')
  \gexec
  ALTER DATABASE :"DBNAME" OWNER TO hangar_owner;
\endif
GRANT CONNECT, TEMPORARY ON DATABASE :"DBNAME" TO hangar_owner, hangar_app;
GRANT CONNECT ON DATABASE :"DBNAME" TO hangar_ops;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

COMMIT;

-- 5. LEAKPROOF marks. Under row security the planner evaluates an operator beside the tenant's filter, or
-- through an index, only when the operator can't tell a foreign row's value through an error or a message.
-- PostgreSQL marks few functions; the ones below report no argument value. They are marked in this database.
-- numeric: comparisons raise nothing. Ranges and their constructor: the one error ("lower bound must be less
-- than or equal") names no value, and a CHECK keeps such rows out of every table. jsonb, LIKE and lower() on
-- text: their errors concern the pattern or the collation, not the row.

\if :is_superuser
  SELECT format('ALTER FUNCTION %s LEAKPROOF', oid::regprocedure)
  FROM pg_proc
  WHERE pronamespace = 'pg_catalog'::regnamespace
    AND NOT proleakproof
    AND oid IN (
        'numeric_eq(numeric,numeric)'::regprocedure, 'numeric_ne(numeric,numeric)'::regprocedure,
        'numeric_lt(numeric,numeric)'::regprocedure, 'numeric_le(numeric,numeric)'::regprocedure,
        'numeric_gt(numeric,numeric)'::regprocedure, 'numeric_ge(numeric,numeric)'::regprocedure,
        'numeric_cmp(numeric,numeric)'::regprocedure,
        'range_overlaps(anyrange,anyrange)'::regprocedure,
        'range_contains(anyrange,anyrange)'::regprocedure,
        'range_contained_by(anyrange,anyrange)'::regprocedure,
        'range_contains_elem(anyrange,anyelement)'::regprocedure,
        'elem_contained_by_range(anyelement,anyrange)'::regprocedure,
        'tstzrange(timestamptz,timestamptz)'::regprocedure,
        'tstzrange(timestamptz,timestamptz,text)'::regprocedure,
        'jsonb_contains(jsonb,jsonb)'::regprocedure, 'jsonb_contained(jsonb,jsonb)'::regprocedure,
        'jsonb_exists(jsonb,text)'::regprocedure,
        'textlike(text,text)'::regprocedure, 'textnlike(text,text)'::regprocedure,
        'texticlike(text,text)'::regprocedure, 'texticnlike(text,text)'::regprocedure,
        'lower(text)'::regprocedure
    )
  \gexec
\else
  \echo 'no LEAKPROOF marks: they need a superuser'
\endif
