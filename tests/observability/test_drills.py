"""A drill really restores: what is not as it was written, or not usable in time, fails and wakes somebody."""

import gzip
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from app.domains.observability.backups import config, jobs, scratch
from app.domains.observability.backups.errors import OpsRoleMissing
from app.kernel.db import migrate
from app.kernel.db.base import Base
from app.kernel.embedded.janitor import CHECKOUT
from tests.observability.backing_up import BACKUPS, Backups, Json, scratch_databases, superuser
from tests.observability.backups_fixtures import backup_dir, backups
from tests.observability.flipping import flip_byte
from tests.support.fleet import Fleet, refused
from tests.support.server import Server
from tests.support.waiting import wait_until

__all__ = ["backup_dir", "backups"]


@pytest.fixture(autouse=True)
def _nothing_is_left(server: Server) -> Iterator[None]:
    yield
    assert scratch_databases(server) == []


def rewrite(backups: Backups, run: Json, table: str, change: Callable[[bytes], bytes]) -> None:
    """Change a table's rows and everything that vouches for the file, as somebody would who can reach it all:
    only the content hash, taken from the live rows, tells."""
    path = backups.path(run)
    file = path / f"{table}.data.gz"
    file.write_bytes(gzip.compress(change(gzip.decompress(file.read_bytes()))))
    manifest = json.loads((path / "manifest.json").read_text())
    for entry in manifest["tables"]:
        if entry["shape"]["name"] == table:
            packed = file.read_bytes()
            entry["data"] |= {"size": len(packed), "sha256": hashlib.sha256(packed).hexdigest()}
    text = json.dumps(manifest).encode()
    (path / "manifest.json").write_bytes(text)
    superuser(
        backups.server,
        "UPDATE backup_run SET checksum = %(sum)s WHERE id = %(id)s",
        sum=hashlib.sha256(text).hexdigest(),
        id=run["id"],
    )


def test_a_fresh_tenants_backup_restores(backups: Backups, fleet: Fleet) -> None:
    order = fleet.order(fleet.asset(region_code="EAST"))
    fleet.move(order, "IN_PROGRESS")
    run = backups.run()
    assert run["bytes_verified_at"] is run["restore_verified_at"] is None
    drill = backups.drill(run, simulated_restore_seconds=1, detail={"status": "FAILED"})
    assert (drill["status"], drill["reason_code"]) == ("PASSED", None)
    assert drill["objective_rto_seconds"] == 300
    assert 0 < drill["actual_rto_seconds"] < 300
    assert 0 < drill["rpo_seconds"] < 300
    assert (drill["table_count"], drill["row_count"]) == (run["table_count"], run["row_count"])
    verified = backups.read(run["id"])
    assert verified["bytes_verified_at"] < verified["restore_verified_at"]
    assert backups.alerts() == []
    assert backups.events(f"restore_drill:{drill['id']}") == [
        "restore_drill.started",
        "operation.started",
        "ops_role.used",
        "restore_drill.passed",
        "operation.succeeded",
    ]
    operation = backups.get(f"/api/operations/{drill['operation_id']}")
    assert operation["result"]["foreign_keys_checked"] > 20


def test_every_single_file_is_checked(backups: Backups, fleet: Fleet) -> None:
    """One flipped bit in each file in turn; the alert is one, however often."""
    fleet.asset()
    run = backups.run()
    for number, name in enumerate(backups.files(run), 1):
        with flip_byte(backups.path(run) / name, seed=number):
            drill = backups.drill(run)
        assert drill["status"] == "FAILED", name
        expected = "manifest_changed" if name == "manifest.json" else "bytes_changed"
        assert drill["reason_code"] == expected, name
        assert name == "manifest.json" or name in drill["reason"]
        assert backups.read(run["id"])["bytes_verified_at"] is None
        (alert,) = backups.alerts()
        assert (alert["key"], alert["severity"], alert["status"]) == ("backup.drill", "P1", "OPEN")
        assert alert["occurrences"] == number
    assert number > 5
    assert backups.drill(run)["status"] == "PASSED"
    assert [alert["status"] for alert in backups.alerts()] == ["CLOSED"]
    with flip_byte(backups.path(run) / "manifest.json"):
        assert backups.drill(run)["status"] == "FAILED"
    assert [alert["status"] for alert in backups.alerts()] == ["CLOSED", "OPEN"]


@pytest.mark.parametrize("name", ["manifest.json", "identity_user.data.gz"])
def test_a_missing_file_fails_the_drill(backups: Backups, name: str) -> None:
    run = backups.run()
    (backups.path(run) / name).unlink()
    drill = backups.drill(run)
    assert (drill["status"], drill["reason_code"]) == ("FAILED", "artefact_missing")
    assert name in drill["reason"]
    assert [alert["severity"] for alert in backups.alerts()] == ["P1"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda rows: rows.replace(b"ROTOR-9", b"ROTOR-8"), "content_differs"),
        (lambda rows: rows + rows.splitlines(keepends=True)[0], "rows_refused"),
        (lambda rows: b"".join(rows.splitlines(keepends=True)[1:]), "rows_differ"),
        (lambda rows: rows.replace(b"ROTOR-9", b""), "rows_refused"),
        (lambda rows: rows + b"nonsense\n", "rows_refused"),
    ],
    ids=["changed", "doubled", "lost", "against a check", "not a row"],
)
def test_restored_rows_are_compared(
    backups: Backups, fleet: Fleet, change: Callable[[bytes], bytes], code: str
) -> None:
    """All hashes of files are right: somebody wrote them anew. The bytes are verified, the restore is not."""
    fleet.asset(name="ROTOR-9", asset_code="ROTOR-9")
    fleet.asset()
    run = backups.run()
    rewrite(backups, run, "asset", change)
    drill = backups.drill(run)
    assert (drill["status"], drill["reason_code"]) == ("FAILED", code)
    assert "asset" in drill["reason"]
    verified = backups.read(run["id"])
    assert verified["bytes_verified_at"] is not None
    assert verified["restore_verified_at"] is None


def test_foreign_keys_are_really_checked(backups: Backups, fleet: Fleet) -> None:
    """The database lost a row that others point to; the backup is faithful, and the drill says what it is worth."""
    order = fleet.order(fleet.asset())
    superuser(backups.server, "DELETE FROM asset WHERE id = %(id)s", id=order["asset_id"])
    run = backups.run()
    assert run["status"] == "SUCCESS"
    drill = backups.drill(run)
    assert (drill["status"], drill["reason_code"]) == ("FAILED", "foreign_key_broken")
    assert str(order["asset_id"]) in drill["reason"]


def test_a_chain_restores_equal(backups: Backups, fleet: Fleet) -> None:
    assets = [fleet.asset(name="with\ttab \\ and \\n") for _ in range(5)]
    backups.run()
    for number, asset in enumerate(assets[:3]):
        superuser(
            backups.server,
            "UPDATE asset SET name = %(name)s WHERE id = %(id)s",
            name=f"step {number}\n\\",
            id=asset["id"],
        )
        superuser(backups.server, "DELETE FROM asset WHERE id = %(id)s", id=assets[-1 - number]["id"])
        fleet.asset(region_code=f"R{number}")
        step = backups.run(run_type="INCREMENTAL")
    assert step["chain_length"] == 4
    drill = backups.drill(step)
    assert (drill["status"], drill["row_count"]) == ("PASSED", step["row_count"])


def test_every_link_of_a_chain_counts(backups: Backups, fleet: Fleet) -> None:
    fleet.asset()
    full = backups.run()
    fleet.asset()
    step = backups.run(run_type="INCREMENTAL")
    with flip_byte(backups.path(full) / "asset.data.gz"):
        assert backups.drill(step)["reason_code"] == "bytes_changed"
    assert backups.drill(step)["status"] == "PASSED"


def test_a_restore_that_takes_too_long_fails(backups: Backups) -> None:
    run = backups.run()
    drill = backups.drill(run, objective_rto_seconds=0.001)
    assert (drill["status"], drill["reason_code"]) == ("FAILED", "rto_exceeded")
    assert drill["actual_rto_seconds"] > 0.001
    assert backups.read(run["id"])["restore_verified_at"] is not None
    assert [alert["severity"] for alert in backups.alerts()] == ["P1"]
    refused(
        backups.tenant.client.post(
            f"{BACKUPS}/runs/{run['id']}:restore-drill", json={"objective_rto_seconds": 0}
        ),
        422,
    )


def test_a_drill_waits_for_its_backup(backups: Backups) -> None:
    run = backups.ask()
    drill = backups.ask_drill(run)
    assert (drill["status"], drill["operation_id"]) == ("RUNNING", None)
    assert [kind.name for kind, _ in backups.jobs()] == ["backup.run"]


def test_a_waiting_drill_is_done_after_its_backup(backups: Backups) -> None:
    run = backups.ask()
    drill = backups.ask_drill(run)
    backups.work_off()
    assert backups.read(run["id"])["status"] == "SUCCESS"
    assert backups.get(f"{BACKUPS}/restore-drills/{drill['id']}")["status"] == "PASSED"


def _known_to_phase_25(tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the tables of the domain that came after it."""
    later = {
        mapper.class_.__tablename__
        for mapper in Base.registry.mappers
        if ".manufacturing." in mapper.class_.__module__ or ".as_built" in mapper.class_.__module__
    }
    return [table for table in tables if table["shape"]["name"] not in later]


def test_an_older_schema_is_migrated_to_the_newest(
    backups: Backups, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The artefact is loaded into the schema that it was taken from, and ends at the one of this release."""
    fleet.order(fleet.asset())
    run = backups.run()
    head = migrate.code_head()
    older = "202602280111"
    assert older < head
    path = backups.path(run) / "manifest.json"
    manifest = json.loads(path.read_text()) | {"schema_revision": older}
    manifest["tables"] = _known_to_phase_25(manifest["tables"])
    text = json.dumps(manifest).encode()
    path.write_bytes(text)
    superuser(
        backups.server,
        "UPDATE backup_run SET checksum = %(sum)s WHERE id = %(id)s",
        sum=hashlib.sha256(text).hexdigest(),
        id=run["id"],
    )
    reached = []
    real = scratch.to_head

    def watch(url: str) -> str:
        real(url)
        with psycopg.connect(url) as conn:
            reached.extend(conn.execute("SELECT version_num FROM alembic_version").fetchall())
            reached.extend(conn.execute("SELECT count(*) FROM work_order").fetchall())
        return head

    monkeypatch.setattr(scratch, "to_head", watch)
    assert backups.drill(run)["status"] == "PASSED"
    assert reached == [(head,), (1,)]


def test_a_schema_of_another_release_is_named(backups: Backups) -> None:
    run = backups.run()
    path = backups.path(run) / "manifest.json"
    text = json.dumps(json.loads(path.read_text()) | {"schema_revision": "299901010001"}).encode()
    path.write_bytes(text)
    superuser(
        backups.server,
        "UPDATE backup_run SET checksum = %(sum)s WHERE id = %(id)s",
        sum=hashlib.sha256(text).hexdigest(),
        id=run["id"],
    )
    drill = backups.drill(run)
    assert (drill["status"], drill["reason_code"]) == ("FAILED", "revision_unknown")


@pytest.mark.parametrize("missing", ["no url", "wrong password", "no rights"])
def test_a_server_without_the_ops_role_says_so(backups: Backups, server: Server, missing: str) -> None:
    """The bytes are verified all the same, and nobody is woken: nothing is known to be broken."""
    url = {
        "no url": "",
        "wrong password": server.urls.ops_url.replace("hangar_ops:", "hangar_ops:x", 1),
        "no rights": server.urls.app_url,
    }[missing]
    run = backups.run()
    config.configure(config._given[0].model_copy(update={"ops_database_url": url}))
    drill = backups.drill(run)
    assert (drill["status"], drill["reason_code"]) == ("FAILED", "ops_role_missing")
    verified = backups.read(run["id"])
    assert verified["bytes_verified_at"] is not None
    assert verified["restore_verified_at"] is None
    assert [alert["severity"] for alert in backups.alerts()] == ["P2"]
    assert "ops_role.used" not in backups.events(f"restore_drill:{drill['id']}")


def test_a_job_that_runs_twice_changes_nothing(backups: Backups) -> None:
    run = backups.run()
    asked = backups.ask_drill(run)
    ((kind, args),) = backups.jobs()
    for _ in range(2):
        kind.job.perform(backups.server.database, backups.tenant.id, "job:test", args)
    assert backups.events(f"restore_drill:{asked['id']}").count("restore_drill.passed") == 1


def test_whatever_is_raised_the_scratch_database_goes(
    backups: Backups, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = backups.run()
    asked = backups.ask_drill(run)
    ((kind, args),) = backups.jobs()
    seen = []

    def break_down(*_: object) -> None:
        seen.extend(scratch_databases(backups.server))
        raise RuntimeError("a defect")

    monkeypatch.setattr(jobs, "restore", break_down)
    for _ in range(3):
        with pytest.raises(RuntimeError):
            kind.job.perform(backups.server.database, backups.tenant.id, "job:test", args)
    assert len(set(seen)) == 3
    assert scratch_databases(backups.server) == []
    drill = backups.get(f"{BACKUPS}/restore-drills/{asked['id']}")
    assert (drill["status"], drill["reason_code"]) == ("FAILED", "internal_error")
    assert [alert["severity"] for alert in backups.alerts()] == ["P1"]


@contextmanager
def leftover(server: Server) -> Iterator[str]:
    """A scratch database as a killed drill leaves it: there, with nobody holding its name."""
    with scratch.connect(server.urls.ops_url) as ops:
        name = scratch._new_name(ops)
        ops.execute(f'CREATE DATABASE "{name}"')
    yield name
    superuser(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def test_what_a_killed_drill_left_is_dropped(backups: Backups, server: Server) -> None:
    with leftover(server) as name, scratch.connect(server.urls.ops_url) as ops:
        scratch.hold(ops, name)
        jobs._last_look.clear()
        jobs.TIDY.perform(server.database, backups.tenant.id, "tick", {})
        assert scratch_databases(server) == [name], "somebody still works with it"
        ops.close()
        jobs.TIDY.perform(server.database, backups.tenant.id, "tick", {})
        assert scratch_databases(server) == [name], "it was looked at a moment ago"
        jobs._last_look.clear()
        jobs.TIDY.perform(server.database, backups.tenant.id, "tick", {})
        assert scratch_databases(server) == []
    assert "ops_role.used" in backups.events(f"tenant:{backups.tenant.id}")


def test_the_next_drill_drops_it_too(backups: Backups, server: Server) -> None:
    with leftover(server):
        assert backups.drill(backups.run())["status"] == "PASSED"
        assert scratch_databases(server) == []


def test_the_template_is_made_before_it_is_needed(backups: Backups, server: Server) -> None:
    name = scratch.template_name(migrate.code_head())

    def there() -> bool:
        found = superuser(server, "SELECT 1 FROM pg_database WHERE datname = %(name)s", name=name)
        return bool(found)

    superuser(server, f'DROP DATABASE IF EXISTS "{name}"')
    jobs._last_look.clear()
    jobs.TIDY.perform(server.database, backups.tenant.id, "tick", {})
    assert there()
    assert backups.drill(backups.run())["status"] == "PASSED"
    assert "ops_role.used" in backups.events(f"tenant:{backups.tenant.id}")


def test_no_other_database_can_be_dropped(server: Server) -> None:
    with scratch.connect(server.urls.ops_url) as ops:
        for name in ("hangar", server.urls.ops_url.rpartition("/")[2], "postgres"):
            with pytest.raises(ValueError, match="not a scratch"):
                scratch.drop(ops, name)
    with pytest.raises(OpsRoleMissing):
        scratch.connect(server.urls.app_url)


def test_templates_of_edited_migrations_are_dropped(server: Server) -> None:
    head = migrate.code_head()
    stale, foreign = f"{scratch.TEMPLATE}{head}_{'0' * 8}", f"{scratch.TEMPLATE}299901010001_{'0' * 8}"
    with scratch.connect(server.urls.ops_url) as ops:
        for name in (stale, foreign):
            ops.execute(f'CREATE DATABASE "{name}"')
        try:
            dropped = scratch.drop_old_templates(ops)
        finally:
            for name in (stale, foreign):
                ops.execute(f'DROP DATABASE IF EXISTS "{name}"')
    assert stale in dropped
    assert foreign not in dropped


@contextmanager
def worker(server: Server, backups: Backups) -> Iterator[subprocess.Popen[bytes]]:
    """The product's worker with a short patience for workers that vanish."""
    environment = os.environ | server.urls.environment()
    environment |= {"PYTHONPATH": str(CHECKOUT), "HANGAR_BACKUP_DIR": str(config.root())}
    command = [sys.executable, "-m", "tests.observability.backups_worker"]
    process = subprocess.Popen(command, env=environment, cwd=CHECKOUT, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def ended(backups: Backups, drill: Json) -> Json | None:
    found: Json = backups.get(f"{BACKUPS}/restore-drills/{drill['id']}")
    return found if found["status"] != "RUNNING" else None


def killed_in_the_middle(server: Server, backups: Backups, run: Json) -> Json:
    """A drill whose worker is killed while its scratch database is there; what became of it."""
    drill = backups.ask_drill(run)
    with worker(server, backups) as first:
        wait_until(lambda: scratch_databases(server) and not ended(backups, drill), 60)
        first.kill()
        first.wait()
    with worker(server, backups):
        wait_until(lambda: ended(backups, drill), 100)
    outcome = ended(backups, drill)
    assert outcome is not None
    assert backups.get(f"/api/operations/{outcome['operation_id']}")["attempts"] == 2
    return outcome


def furnish(backups: Backups, count: int) -> None:
    superuser(
        backups.server,
        "INSERT INTO region (tenant_id, id, code, name, path, created_at, updated_at)"
        " SELECT %(tenant)s, id, id::text, md5(n::text), id::text || '/', now(), now()"
        " FROM (SELECT n, gen_random_uuid() AS id FROM generate_series(1, %(count)s) AS n) AS made",
        tenant=backups.tenant.id,
        count=count,
    )


def test_a_drill_whose_worker_is_killed_leaves_nothing(backups: Backups, server: Server) -> None:
    furnish(backups, 20_000)
    outcome = killed_in_the_middle(server, backups, backups.run())
    assert outcome["status"] == "PASSED"
    assert outcome["row_count"] > 20_000
    assert scratch_databases(server) == []


@pytest.mark.full
@pytest.mark.timeout(900)
def test_a_drill_of_a_million_rows_leaves_nothing(backups: Backups, server: Server) -> None:
    furnish(backups, 1_000_000)
    run = backups.run()
    assert run["row_count"] > 1_000_000
    outcome = killed_in_the_middle(server, backups, run)
    assert outcome["status"] == "PASSED"
    assert scratch_databases(server) == []
    furnish(backups, 1_000)
    step = backups.run(run_type="INCREMENTAL")
    assert 1_000 < step["changed_rows"] < 1_200
    assert backups.drill(step)["status"] == "PASSED"


def test_over_http_with_a_worker_both_answer_at_once(backups: Backups, server: Server) -> None:
    """No polling: the answer is the final state."""
    with worker(server, backups):
        first = backups.ask()
        wait_until(lambda: backups.read(first["id"])["status"] == "SUCCESS", 90)
        made = backups.tenant.client.post(f"{BACKUPS}:runs", json={"run_type": "FULL"})
        assert (made.status_code, made.json()["status"]) == (201, "SUCCESS"), made.text
        body: dict[str, Any] = {"objective_rto_seconds": 60}
        drilled = backups.tenant.client.post(
            f"{BACKUPS}/runs/{made.json()['id']}:restore-drill",
            json=body,
            headers={"Idempotency-Key": uuid4().hex},
        )
        assert (drilled.status_code, drilled.json()["status"]) == (201, "PASSED"), drilled.text
