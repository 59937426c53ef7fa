"""Making backups and drills in a test: asked for over HTTP, done here and now by the job's own code."""

import hashlib
from pathlib import Path
from typing import Any

import psycopg

from app.domains.observability.backups import places
from app.domains.observability.backups.jobs import DRILL, RUN
from app.platform.operations import Kind
from tests.support.server import Server
from tests.support.tenants import Tenant

Json = dict[str, Any]
BACKUPS = "/api/observability/backups"


class Backups:
    """The backups of one tenant."""

    def __init__(self, server: Server, tenant: Tenant) -> None:
        self.server = server
        self.tenant = tenant

    def ask(self, **body: Any) -> Json:
        """A run that nobody has begun."""
        return self._post(f"{BACKUPS}:runs", body)

    def run(self, **body: Any) -> Json:
        """A run that has ended."""
        asked = self.ask(**body)
        self.work_off()
        return self.read(asked["id"])

    def ask_drill(self, run: Json, **body: Any) -> Json:
        return self._post(f"{BACKUPS}/runs/{run['id']}:restore-drill", body)

    def drill(self, run: Json, **body: Any) -> Json:
        asked = self.ask_drill(run, **body)
        self.work_off()
        return self.get(f"{BACKUPS}/restore-drills/{asked['id']}")

    def read(self, run_id: str) -> Json:
        return self.get(f"{BACKUPS}/runs/{run_id}")

    def get(self, path: str, **params: Any) -> Any:
        answer = self.tenant.client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def work_off(self) -> None:
        """Do the jobs of this tenant's runs and drills that wait, also those that come up meanwhile."""
        while jobs := self.jobs():
            for kind, args in jobs:
                kind.job.perform(self.server.database, self.tenant.id, "job:test", args)

    def jobs(self) -> list[tuple[Kind, Json]]:
        """Take what is in the queue for this tenant."""
        kinds = {kind.name: kind for kind in (RUN, DRILL)}
        with psycopg.connect(self.server.urls.superuser_url, autocommit=True) as admin:
            found = admin.execute(
                "DELETE FROM jobs.procrastinate_jobs WHERE args->>'tenant_id' = %s AND task_name = ANY (%s)"
                " RETURNING id, task_name, args",
                (str(self.tenant.id), list(kinds)),
            ).fetchall()
        queued = []
        for _, name, args in sorted(found):
            args.pop("tenant_id")
            queued.append((kinds[name], args))
        return queued

    def path(self, run: Json) -> Path:
        return places.path_of(self.tenant.id, run["storage_uri"])

    def files(self, run: Json) -> list[str]:
        return sorted(path.name for path in self.path(run).iterdir())

    def alerts(self) -> list[Json]:
        """The tenant's alerts of backups, oldest first, from the table."""
        with psycopg.connect(self.server.urls.superuser_url) as admin:
            rows = admin.execute(
                "SELECT key, severity, status, occurrences, message FROM alert"
                " WHERE tenant_id = %s AND source = 'BACKUP' ORDER BY created_at",
                (self.tenant.id,),
            ).fetchall()
        return [
            dict(zip(("key", "severity", "status", "occurrences", "message"), row, strict=True))
            for row in rows
        ]

    def events(self, ref: str) -> list[str]:
        return [line["type"] for line in self.get("/api/thread", ref=ref)]

    def _post(self, path: str, body: Json) -> Json:
        answer = self.tenant.client.post(path, params={"wait_seconds": 0}, json=body)
        assert answer.status_code == 201, answer.text
        made: Json = answer.json()
        return made


def scratch_databases(server: Server) -> list[str]:
    """Those made from this server's database; another test may be drilling on its own."""
    with psycopg.connect(server.urls.superuser_url) as admin:
        mark = hashlib.sha256(admin.info.dbname.encode()).hexdigest()[:8]
        found = admin.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", (f"hangar_scratch_{mark}_",)
        )
        return [name for (name,) in found]


def superuser(server: Server, statement: str, **values: Any) -> list[Any]:
    with psycopg.connect(server.urls.superuser_url, autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        cursor = admin.execute(statement, values)
        return cursor.fetchall() if cursor.description else []
