"""Backups in an S3-compatible bucket: the same artefact, the same drill, nobody else's folder."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from app.domains.observability.backups import buckets, config, jobs
from tests.observability.backing_up import BACKUPS, Backups
from tests.observability.backups_fixtures import backup_dir, backups
from tests.observability.bucket_server import ACCESS_KEY, Bucket, bucket_server
from tests.support.fleet import Fleet, refused
from tests.support.server import Server

__all__ = ["backup_dir", "backups"]


@pytest.fixture
def bucket(backups: Backups) -> Iterator[Bucket]:
    with bucket_server() as found:
        given = {
            "backup_s3_endpoint": found.endpoint,
            "backup_s3_access_key": ACCESS_KEY,
            "backup_s3_secret_key": SecretStr("a-secret"),
        }
        config.configure(config._given[0].model_copy(update=given))
        yield found


def nothing_is_staged() -> bool:
    return list((config.root() / ".staging").iterdir()) == []


def test_a_chain_in_a_bucket_restores(backups: Backups, bucket: Bucket, fleet: Fleet) -> None:
    fleet.asset()
    full = backups.run(storage_uri="s3:nightly")
    assert (full["status"], full["storage_uri"]) == ("SUCCESS", f"s3:nightly/{full['id']}")
    prefix = f"{backups.tenant.id}/nightly/{full['id']}/"
    assert {key[: len(prefix)] for key in bucket.objects} == {prefix}
    assert bucket.writes[-1] == f"{prefix}manifest.json"
    fleet.asset()
    step = backups.run(storage_uri="s3:", run_type="INCREMENTAL")
    assert (step["storage_uri"], step["parent_id"]) == (f"s3:{step['id']}", full["id"])
    assert backups.drill(step)["status"] == "PASSED"
    assert nothing_is_staged()


def test_damage_in_the_bucket_is_found(backups: Backups, bucket: Bucket) -> None:
    run = backups.run(storage_uri="s3:nightly")
    key = next(key for key in bucket.objects if key.endswith("identity_user.data.gz"))
    whole = bucket.objects[key]
    bucket.objects[key] = whole[:-1] + bytes([whole[-1] ^ 1])
    assert backups.drill(run)["reason_code"] == "bytes_changed"
    del bucket.objects[key]
    assert backups.drill(run)["reason_code"] == "artefact_missing"
    bucket.objects[key] = whole
    assert backups.drill(run)["status"] == "PASSED"
    bucket.broken = True
    assert backups.drill(run)["reason_code"] == "artefact_unreadable"
    assert nothing_is_staged()


def test_a_bucket_that_refuses_fails_the_run(backups: Backups, bucket: Bucket) -> None:
    bucket.broken = True
    run = backups.run(storage_uri="s3:nightly")
    assert (run["status"], run["reason_code"]) == ("FAILED", "storage_failed")
    assert "a-secret" not in str(run)
    assert [alert["key"] for alert in backups.alerts()] == ["backup.run"]
    assert nothing_is_staged()


def test_retention_deletes_from_the_bucket(backups: Backups, bucket: Bucket, server: Server) -> None:
    config.configure(config._given[0].model_copy(update={"backup_keep_last": 1}))
    old, new = (backups.run(storage_uri="s3:nightly") for _ in range(2))
    jobs.EXPIRE.perform(server.database, backups.tenant.id, "tick", {})
    assert not [key for key in bucket.objects if old["id"] in key]
    assert [key for key in bucket.objects if new["id"] in key]


@pytest.mark.parametrize("uri", ["s3://other-bucket/x", "s3:../x", "s3:/x", "s3:a//b", "S3:x"])
def test_a_tenant_names_no_bucket(backups: Backups, bucket: Bucket, uri: str) -> None:
    answer = backups.tenant.client.post(f"{BACKUPS}:runs", json={"storage_uri": uri})
    assert [error["code"] for error in refused(answer, 422)["errors"]] == ["storage_unsupported"]


def test_without_a_bucket_it_is_said(backups: Backups, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = backups.tenant.client.post(f"{BACKUPS}:runs", json={"storage_uri": "s3:nightly"})
    assert "no bucket" in refused(answer, 422)["detail"]


def test_without_the_client_it_is_said(
    backups: Backups, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "find_spec", lambda _: None)
    answer = backups.tenant.client.post(f"{BACKUPS}:runs", json={"storage_uri": "s3:nightly"})
    assert "extra" in refused(answer, 422)["detail"]
