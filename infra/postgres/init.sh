#!/bin/sh
# Runs once, when the postgres image makes a new data directory: mount it into /docker-entrypoint-initdb.d/
# and app/kernel/db/roles.sql at HANGAR_ROLES_SQL. The passwords reach roles.sql through the environment
# (HANGAR_OWNER_PASSWORD, HANGAR_APP_PASSWORD, HANGAR_OPS_PASSWORD), so no process list shows them.
set -eu

: "${HANGAR_OWNER_PASSWORD:?}" "${HANGAR_APP_PASSWORD:?}" "${HANGAR_OPS_PASSWORD:?}"

psql --no-psqlrc -v ON_ERROR_STOP=1 -v take_database=yes \
    --username "${POSTGRES_USER:-postgres}" --dbname "${POSTGRES_DB:-${POSTGRES_USER:-postgres}}" \
    --file "${HANGAR_ROLES_SQL:-/hangar/roles.sql}"
