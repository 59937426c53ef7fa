"""The servers of a test run, and databases cloned from one migrated template."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import psycopg
from psycopg import sql

from app.kernel.db import migrate
from app.kernel.embedded import StackUrls, temporary_stack
from app.kernel.embedded.binaries import postgres_programs
from app.kernel.embedded.stack import ROLES_SQL

TEMPLATE = "hangar_template"


@dataclass(frozen=True)
class Servers(StackUrls):
    """Where the servers are, and a way to make databases there."""

    def create_database(self, name: str, template: str | None = None) -> "Servers":
        """A fresh database owned by hangar_owner; an old one of that name is dropped."""
        made = self.for_database(name)
        source = sql.SQL(" TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL("")
        with psycopg.connect(self.superuser_url, autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            admin.execute(
                sql.SQL("CREATE DATABASE {} OWNER hangar_owner").format(sql.Identifier(name)) + source
            )
        if template is None:
            psql = [str(postgres_programs(None) / "psql"), "--no-psqlrc", "-q", "-v", "ON_ERROR_STOP=1"]
            subprocess.run(
                [*psql, "-d", made.superuser_url, "-f", str(ROLES_SQL)], check=True, capture_output=True
            )
        return made

    def drop_database(self, name: str) -> None:
        with psycopg.connect(self.superuser_url, autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def running_servers() -> Iterator[Servers]:
    """Servers of this run: the ones of HANGAR_TEST_SUPERUSER_URL (inside compose), else a throwaway stack."""
    superuser = os.environ.get("HANGAR_TEST_SUPERUSER_URL", "")
    if not superuser:
        with temporary_stack() as stack:
            yield Servers(**asdict(stack.urls))
        return
    yield Servers(
        superuser_url=superuser,
        owner_url=os.environ["DATABASE_OWNER_URL"],
        app_url=os.environ["DATABASE_URL"],
        ops_url=os.environ["OPS_DATABASE_URL"],
        direct_url=os.environ["DATABASE_DIRECT_URL"],
        redis_url=os.environ["REDIS_URL"],
    )


def driver(url: str) -> str:
    """The URL as SQLAlchemy wants it."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def make_template(servers: Servers) -> None:
    """The template: roles.sql and the real migrations in an empty database, no session left open."""
    migrate.upgrade(driver(servers.create_database(TEMPLATE).owner_url))


def dump(servers: Servers) -> str:
    return json.dumps(asdict(servers))


def load(text: str) -> Servers:
    return Servers(**json.loads(text))
