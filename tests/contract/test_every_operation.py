"""Schemathesis over every operation of docs/openapi.json, on a real server.

Finds no 5xx, no answer outside the schema, no request accepted that the schema forbids, nothing refused that it
allows (but by a rule that a schema can't express: schemathesis_hooks.py), no operation open without its credential.
What is switched off stands in schemathesis.toml with its reason.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.support.databases import Servers
from tests.support.server import Server, own_server
from tests.support.tenants import make_tenant
from tests.support.worker import running_worker

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
DOCUMENT = ROOT / "docs" / "openapi.json"
REACHED_BY_SEQUENCES = 25
NEVER_CALLED = 1  # stream_events, see schemathesis.toml


class ApiKey(NamedTuple):
    id: str
    secret: str


@pytest.fixture(scope="module")
def fuzzed(pg: Servers, worker_id: str) -> Iterator[Server]:
    """A server of this suite's own, with a worker for what waits: it leaves jobs by the thousand."""
    with own_server(pg, f"hangar_fuzz_{worker_id}") as running, running_worker(running.urls):
        yield running


@pytest.fixture
def key(fuzzed: Server) -> Iterator[ApiKey]:
    """Every permission of one tenant. Not a session: the fuzzer logs out."""
    tenant = make_tenant(fuzzed)
    made = tenant.post("/api/identity/api-keys", name="fuzzer", scopes=["*"])
    yield ApiKey(str(made["id"]), str(made["secret"]))
    tenant.close()


def fuzz(server: Server, key: ApiKey, directory: Path, *arguments: str) -> str:
    """Run `st run`; its report, unless it found something: then the test fails with it."""
    command = [
        str(Path(sys.executable).parent / "st"),
        "--config-file",
        str(HERE / "schemathesis.toml"),
        "run",
    ]
    command += [
        str(DOCUMENT),
        "--url",
        server.url,
        "--header",
        f"Authorization: Bearer {key.secret}",
        "--no-color",
    ]
    done = subprocess.run(
        [*command, *arguments],
        cwd=directory,
        env=os.environ
        | {"HANGAR_FUZZ_KEY_ID": key.id, "SCHEMATHESIS_HOOKS": str(HERE / "schemathesis_hooks.py")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def assert_still_signed_in(server: Server, key: ApiKey) -> None:
    """The fuzzer kept its rights to the end: what it was refused, it was not refused as a stranger."""
    answer = httpx.get(f"{server.url}/api/identity/me", headers={"Authorization": f"Bearer {key.secret}"})
    assert answer.status_code == 200, answer.text
    assert "*" in answer.json()["permissions"]


def count(report: str, word: str) -> int:
    found = re.search(rf"^\s*{word}: (\d+)", report, re.MULTILINE)
    assert found, report
    return int(found[1])


def fuzz_operations(server: Server, key: ApiKey, directory: Path, examples: int) -> None:
    phases = "examples,coverage,fuzzing"
    report = fuzz(server, key, directory, "--phases", phases, "--max-examples", str(examples))
    operations = sum(len(item) for item in httpx.get(f"{server.url}/openapi.json").json()["paths"].values())
    assert count(report, "Tested") == operations - NEVER_CALLED
    assert_still_signed_in(server, key)


def fuzz_sequences(server: Server, key: ApiKey, directory: Path, examples: int) -> None:
    report = fuzz(server, key, directory, "--phases", "stateful", "--max-examples", str(examples))
    assert count(report, "Tested") >= REACHED_BY_SEQUENCES, report
    assert_still_signed_in(server, key)


@pytest.mark.timeout(600)
def test_no_request_breaks_an_operation_or_its_schema(fuzzed: Server, key: ApiKey, tmp_path: Path) -> None:
    fuzz_operations(fuzzed, key, tmp_path, 2)


@pytest.mark.timeout(600)
def test_no_sequence_of_requests_breaks_an_operation_or_its_schema(
    fuzzed: Server, key: ApiKey, tmp_path: Path
) -> None:
    """Resources made by one call are used, changed and deleted by the next (links that follow from the ids)."""
    fuzz_sequences(fuzzed, key, tmp_path, 15)


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_no_request_of_many_breaks_an_operation_or_its_schema(
    fuzzed: Server, key: ApiKey, tmp_path: Path
) -> None:
    fuzz_operations(fuzzed, key, tmp_path, 100)


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_no_sequence_of_many_breaks_an_operation_or_its_schema(
    fuzzed: Server, key: ApiKey, tmp_path: Path
) -> None:
    fuzz_sequences(fuzzed, key, tmp_path, 100)
