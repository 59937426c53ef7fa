"""A backup is every row of one tenant at one moment, and nobody else's."""

import gzip
import hashlib
import json
import stat
import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from app.domains.observability.backups import jobs, making
from app.kernel.db import rls
from tests.migrations.catalog import GLOBAL_TABLES
from tests.observability.backing_up import BACKUPS, Backups, Json, superuser
from tests.observability.backups_fixtures import backup_dir, backups
from tests.support.fleet import Fleet, refused
from tests.support.server import Server
from tests.support.tenants import Tenant, make_tenant

__all__ = ["backup_dir", "backups"]


def manifest(backups: Backups, run: Json) -> Json:
    found: Json = json.loads((backups.path(run) / "manifest.json").read_text())
    return found


def lines(backups: Backups, run: Json, table: str, part: str = "data") -> list[bytes]:
    path = backups.path(run) / f"{table}.{part}.gz"
    return gzip.decompress(path.read_bytes()).splitlines(keepends=True) if path.exists() else []


def entry(backups: Backups, run: Json, table: str) -> Json:
    (found,) = (each for each in manifest(backups, run)["tables"] if each["shape"]["name"] == table)
    return found


def test_every_row_of_every_table_is_in_it(backups: Backups, fleet: Fleet) -> None:
    assets = [fleet.asset() for _ in range(3)]
    run = backups.run(detail={"status": "FAILED", "row_count": 7, "ticket": "OPS-1"}, is_drill=True)
    assert run["status"] == "SUCCESS"
    assert run["detail"] == {"status": "FAILED", "row_count": 7, "ticket": "OPS-1"}
    assert run["is_drill"] is True
    counted = {}
    with psycopg.connect(backups.server.urls.superuser_url) as admin:
        tables = admin.execute(
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p') AND NOT relispartition"
        ).fetchall()
        for (table,) in tables:
            if table not in GLOBAL_TABLES | {"event", "event_ref", "operation", "backup_run"}:
                query = f"SELECT count(*) FROM {table} WHERE tenant_id = %s"  # type: ignore[var-annotated]
                (counted[table],) = admin.execute(query, (fleet.tenant.id,)).fetchone() or (0,)
    there = {each["shape"]["name"]: each["rows"] for each in manifest(backups, run)["tables"]}
    assert {table: there[table] for table in counted} == counted
    assert there["tenant"] == 1
    assert there["asset"] == 3
    assert len(there) == run["table_count"] > 30
    assert sum(there.values()) == run["row_count"]
    assert {line.split(b"\t")[0].decode() for line in lines(backups, run, "asset")} == {
        str(asset["id"]) for asset in assets
    }


def test_the_manifest_says_what_the_files_hold(backups: Backups, fleet: Fleet) -> None:
    fleet.asset()
    run = backups.run()
    text = (backups.path(run) / "manifest.json").read_bytes()
    assert hashlib.sha256(text).hexdigest() == run["checksum"]
    found = manifest(backups, run)
    assert (found["run_id"], found["tenant_id"]) == (run["id"], str(fleet.tenant.id))
    assert found["schema_revision"] == run["schema_revision"]
    named = {"manifest.json"}
    for each in found["tables"]:
        held = lines(backups, run, each["shape"]["name"])
        assert hashlib.sha256(b"".join(held)).hexdigest() == each["sha256"]
        assert len(held) == each["rows"]
        if each["data"] is not None:
            packed = (backups.path(run) / each["data"]["name"]).read_bytes()
            named.add(each["data"]["name"])
            assert len(packed) == each["data"]["size"]
            assert hashlib.sha256(packed).hexdigest() == each["data"]["sha256"]
    assert set(backups.files(run)) == named
    assert run["size_bytes"] == sum(
        (backups.path(run) / name).stat().st_size for name in named - {"manifest.json"}
    )


def test_only_the_owner_may_read_it(backups: Backups) -> None:
    run = backups.run(storage_uri="file:nightly/eu")
    assert run["storage_uri"] == f"file:nightly/eu/{run['id']}"
    path = backups.path(run)
    for file in path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {stat.S_IMODE(each.stat().st_mode) for each in (path, *path.parents[:4])} == {0o700}


def test_no_other_tenants_row_is_in_it(backups: Backups, rival: Tenant) -> None:
    for tenant in (backups.tenant, rival):
        Fleet(tenant).asset()
    run = backups.run()
    everything = b"".join(gzip.decompress(path.read_bytes()) for path in backups.path(run).glob("*.gz"))
    assert str(backups.tenant.id).encode() in everything
    assert str(rival.id).encode() not in everything
    assert rival.name.encode() not in everything
    owners = {
        tuple(line.rstrip(b"\n").split(b"\t"))[each["shape"]["columns"].index(each["shape"]["owner"])]
        for each in manifest(backups, run)["tables"]
        for line in lines(backups, run, each["shape"]["name"])
    }
    assert owners == {str(backups.tenant.id).encode()}


@pytest.mark.parametrize(
    "uri",
    [
        "file:../other",
        "file:a/../../b",
        "file:/etc",
        "file:///etc/passwd",
        "file:.hidden",
        "file:",
        "nightly",
        "/var/backups",
        "s3://bucket/key",
        "http://169.254.169.254/latest",
        "file:a/b/c/d",
        "file:a\\b",
        "file:a\nb",
    ],
)
def test_a_backup_goes_nowhere_else(backups: Backups, uri: str) -> None:
    answer = backups.tenant.client.post(f"{BACKUPS}:runs", json={"storage_uri": uri})
    problem = refused(answer, 422)
    assert [error["pointer"] for error in problem["errors"]] == ["#/storage_uri"]
    assert backups.get(f"{BACKUPS}/runs") == []


def test_writes_during_the_backup_are_not_in_it(
    backups: Backups, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row and its foreign key are written while the tables are read: both are left out, or the drill fails."""
    fleet.asset()
    reached, go_on = threading.Event(), threading.Event()
    real = making.read_rows

    def slowly(conn: Any, shape: Any, tenant_id: Any) -> Any:
        if shape.name == "identity_role":
            reached.set()
            assert go_on.wait(30)
        return real(conn, shape, tenant_id)

    monkeypatch.setattr(making, "read_rows", slowly)
    asked = backups.ask()
    worker = threading.Thread(target=backups.work_off)
    worker.start()
    assert reached.wait(30)
    late = fleet.asset(region_code="LATE")
    fleet.order(late)
    go_on.set()
    worker.join(30)
    run = backups.read(asked["id"])
    assert run["status"] == "SUCCESS"
    assert entry(backups, run, "asset")["rows"] == 1
    assert entry(backups, run, "region")["rows"] == 0
    assert entry(backups, run, "work_order")["rows"] == 0
    assert backups.drill(run)["status"] == "PASSED"


def test_the_hash_does_not_depend_on_where_rows_lie(backups: Backups, fleet: Fleet) -> None:
    """An update without a change moves the row to the end of the table."""
    for _ in range(20):
        fleet.asset()
    first = backups.run()
    superuser(
        backups.server,
        "UPDATE asset SET name = name WHERE id = %(id)s",
        id=fleet.get("/api/assets")[0]["id"],
    )
    second = backups.run()
    assert entry(backups, first, "asset")["sha256"] == entry(backups, second, "asset")["sha256"]
    assert entry(backups, first, "backup_run")["sha256"] != entry(backups, second, "backup_run")["sha256"]


def test_an_incremental_run_holds_what_changed(backups: Backups, fleet: Fleet) -> None:
    kept, renamed, deleted = (fleet.asset(name=f"before-{number}") for number in range(3))
    full = backups.run()
    fleet.asset(name="new")
    superuser(backups.server, "UPDATE asset SET name = 'after' WHERE id = %(id)s", id=renamed["id"])
    superuser(backups.server, "DELETE FROM asset WHERE id = %(id)s", id=deleted["id"])
    step = backups.run(run_type="INCREMENTAL")
    assert (step["parent_id"], step["chain_length"]) == (full["id"], 2)
    changed = b"".join(lines(backups, step, "asset"))
    assert changed.count(b"\n") == 2
    assert b"after" in changed
    assert b"new" in changed
    assert kept["id"].encode() not in changed
    assert lines(backups, step, "asset", "deleted") == [deleted["id"].encode() + b"\n"]
    assert entry(backups, step, "asset")["rows"] == 3
    assert entry(backups, step, "identity_user")["data"] is None
    assert step["changed_rows"] < step["row_count"]
    assert step["deleted_rows"] == 1


def test_the_first_incremental_run_holds_everything(backups: Backups) -> None:
    run = backups.run(run_type="INCREMENTAL")
    assert (run["run_type"], run["parent_id"], run["chain_length"]) == ("INCREMENTAL", None, 1)
    assert run["changed_rows"] == run["row_count"] > 0


def test_an_incremental_run_does_not_build_on_what_is_broken(backups: Backups) -> None:
    full = backups.run()
    (backups.path(full) / "event.data.gz").unlink()
    step = backups.run(run_type="INCREMENTAL")
    assert (step["status"], step["parent_id"]) == ("SUCCESS", None)
    assert backups.drill(step)["status"] == "PASSED"


def test_a_chain_is_not_endless(backups: Backups, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LONGEST_CHAIN", 2)
    backups.run()
    lengths = [backups.run(run_type="INCREMENTAL")["chain_length"] for _ in range(3)]
    assert lengths == [2, 1, 2]


def test_a_directory_that_can_not_be_written_fails_the_run_with_one_alert(
    backups: Backups, backup_dir: Path
) -> None:
    backup_dir.write_text("in the way")
    runs = [backups.run() for _ in range(2)]
    assert {(run["status"], run["reason_code"]) for run in runs} == {("FAILED", "storage_failed")}
    assert runs[0]["checksum"] is runs[0]["storage_uri"] is None
    (alert,) = backups.alerts()
    assert (alert["key"], alert["severity"], alert["status"]) == ("backup.run", "P2", "OPEN")
    assert alert["occurrences"] == 2
    operation = backups.get(f"/api/operations/{runs[0]['operation_id']}")
    assert (operation["status"], operation["problem"]["code"]) == ("FAILED", "backup_not_made")
    assert "backup.failed" in backups.events(f"backup:{runs[0]['id']}")
    refused(
        backups.tenant.client.post(f"{BACKUPS}/runs/{runs[0]['id']}:restore-drill", json={}),
        409,
        "backup_without_artefact",
    )
    backup_dir.unlink()
    assert backups.run()["status"] == "SUCCESS"
    assert [alert["status"] for alert in backups.alerts()] == ["CLOSED"]


def test_a_table_outside_row_security_fails_the_run(backups: Backups) -> None:
    """Better no backup than one with other tenants' rows."""
    table = f"stray_{uuid4().hex[:8]}"
    superuser(backups.server, f"CREATE TABLE {table} (tenant_id uuid, id uuid, PRIMARY KEY (tenant_id, id))")
    try:
        superuser(backups.server, f"GRANT SELECT ON {table} TO {rls.APP_ROLE}")
        run = backups.run()
    finally:
        superuser(backups.server, f"DROP TABLE {table}")
    assert (run["status"], run["reason_code"]) == ("FAILED", "table_unsecured")
    assert table in run["reason"]
    assert not any(path.is_file() for path in (backups.path({"storage_uri": "file:x"}).parent).rglob("*"))


def test_a_run_that_is_tried_again_leaves_one_artefact(
    backups: Backups, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = backups.ask()
    ((kind, args),) = backups.jobs()
    real, left = making.write_manifest, ["once"]

    def lose_the_connection(path: Path, made: Any) -> str:
        if left:
            left.clear()
            raise psycopg.OperationalError("gone")
        return real(path, made)

    monkeypatch.setattr(making, "write_manifest", lose_the_connection)
    with pytest.raises(psycopg.OperationalError):
        kind.job.perform(backups.server.database, backups.tenant.id, "job:test", args)
    assert backups.read(asked["id"])["status"] == "RUNNING"
    for _ in range(2):
        kind.job.perform(backups.server.database, backups.tenant.id, "job:test", args)
    run = backups.read(asked["id"])
    assert (run["status"], run["storage_uri"]) == ("SUCCESS", f"file:{asked['id']}.2")
    assert [path.name for path in backups.path(run).parent.iterdir()] == [f"{asked['id']}.2"]
    assert backups.events(f"backup:{asked['id']}").count("backup.succeeded") == 1


def test_a_canceled_run_ends_without_an_alert(backups: Backups) -> None:
    asked = backups.ask()
    waiting = backups.ask_drill(asked)
    canceled = backups.tenant.client.post(f"/api/operations/{asked['operation_id']}:cancel")
    assert canceled.status_code == 200
    run = backups.read(asked["id"])
    assert (run["status"], run["reason_code"]) == ("FAILED", "canceled")
    drill = backups.get(f"{BACKUPS}/restore-drills/{waiting['id']}")
    assert (drill["status"], drill["reason_code"]) == ("FAILED", "backup_failed")
    backups.work_off()
    assert backups.read(asked["id"])["status"] == "FAILED"


def test_a_run_whose_worker_is_lost_for_good_does_not_run_for_ever(backups: Backups) -> None:
    from app.platform.operations.upkeep import FAIL_LOST_OPERATIONS

    asked = backups.ask()
    superuser(
        backups.server,
        "UPDATE jobs.procrastinate_jobs SET status = 'failed' WHERE args->>'run_id' = %(id)s",
        id=asked["id"],
    )
    FAIL_LOST_OPERATIONS.perform(backups.server.database, backups.tenant.id, "tick", {})
    run = backups.read(asked["id"])
    assert (run["status"], run["reason_code"]) == ("FAILED", "operation_worker_lost")
    assert [alert["key"] for alert in backups.alerts()] == ["backup.run"]


def test_lists_are_newest_first_and_filtered(backups: Backups) -> None:
    full, step = backups.run(), backups.run(run_type="INCREMENTAL")
    drill = backups.drill(full)
    assert [run["id"] for run in backups.get(f"{BACKUPS}/runs")] == [step["id"], full["id"]]
    assert [run["id"] for run in backups.get(f"{BACKUPS}/runs", run_type="FULL")] == [full["id"]]
    assert backups.get(f"{BACKUPS}/runs", status="FAILED") == []
    for path in ("restore-drills", "drills"):
        assert backups.get(f"{BACKUPS}/{path}") == [drill]
        assert backups.get(f"{BACKUPS}/{path}", backup_run_id=step["id"]) == []
        assert backups.get(f"{BACKUPS}/{path}", status="PASSED", limit=1) == [drill]


def test_retention_keeps_what_is_needed(backups: Backups, server: Server) -> None:
    from app.domains.observability.backups import config

    settings = config._given[0].model_copy(update={"backup_keep_last": 2})
    config.configure(settings)
    old, base = backups.run(), backups.run()
    steps = [backups.run(run_type="INCREMENTAL") for _ in range(2)]
    drilled = backups.ask_drill(old)
    jobs.EXPIRE.perform(server.database, backups.tenant.id, "tick", {})
    assert [backups.read(run["id"])["expired_at"] for run in (old, base, *steps)] == [None] * 4
    backups.work_off()
    assert backups.get(f"{BACKUPS}/restore-drills/{drilled['id']}")["status"] == "PASSED"
    jobs.EXPIRE.perform(server.database, backups.tenant.id, "tick", {})
    assert backups.read(old["id"])["expired_at"] is not None
    assert not backups.path(old).exists()
    assert backups.path(base).exists()
    assert backups.drill(steps[-1])["status"] == "PASSED"
    answer = backups.tenant.client.post(f"{BACKUPS}/runs/{old['id']}:restore-drill", json={})
    refused(answer, 409, "backup_without_artefact")
    assert "backup.expired" in backups.events(f"backup:{old['id']}")


def test_two_tenants_artefacts_lie_apart(backups: Backups, server: Server) -> None:
    other = make_tenant(server)
    try:
        theirs = Backups(server, other)
        mine, foreign = backups.run(storage_uri="file:nightly"), theirs.run(storage_uri="file:nightly")
        assert backups.path(mine).parents[1] != theirs.path(foreign).parents[1]
        assert theirs.drill(foreign)["status"] == "PASSED"
    finally:
        other.close()
