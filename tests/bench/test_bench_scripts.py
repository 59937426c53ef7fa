"""The benchmarks run from end to end on a small fleet, and say what they promise to say."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import Server

ROOT = Path(__file__).resolve().parents[2]
SMALL = "--assets 120 --tenants 3 --targets 2 --connections 2 --seconds 0.2 --rounds 1 --each 2"


@pytest.fixture
def state(server: Server, tmp_path: Path) -> Path:
    """What `up` writes about a running stack, here about the test's own server."""
    path = tmp_path / "state.json"
    processes = {"server": {"pid": os.getpid()}}
    path.write_text(
        json.dumps({"base_url": server.url, "urls": vars(server.urls), "processes": processes, "ready": True})
    )
    return path


def run(name: str, state: Path | None, size: str = SMALL) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HANGAR_STACK_STATE": str(state or "")}
    command = [sys.executable, str(ROOT / "infra" / "scripts" / f"bench_{name}.py"), *size.split()]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("name", "operations"),
    [
        ("platform", ["GET asset by id", "list of 50 assets", "POST asset"]),
        ("assets", ["pool search", "pool summary", "work order open → start → close"]),
    ],
)
def test_a_benchmark_drives_every_operation_four_ways(name: str, operations: list[str], state: Path) -> None:
    done = run(name, state)
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines()]
    for operation in operations:
        rates = [row for row in rows if row[0] == operation and len(row) == 5 and " " in row[1]]
        assert len(rates) == 4, done.stdout
        assert all(float(row[2].replace(",", "")) > 0 for row in rates)
        costs = next(row for row in rows if row[0] == operation and len(row) == 6)
        assert all("/" in cost for cost in costs[1:3])


@pytest.mark.timeout(300)
def test_the_benchmark_of_signals_compares_with_copy_rows_and_sql(state: Path) -> None:
    done = run("observability", state, "--seconds 0.3 --signals 2000 --copies 1 --rows 20 --rounds 1")
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines()]
    rates = {row[0]: float(row[1].replace(",", "")) for row in rows if len(row) == 3 and row[1][:1].isdigit()}
    assert [name.partition(",")[0] for name in rates] == ["psql", "one client", "four clients", "ORM"]
    assert all(rate > 0 for rate in rates.values())
    assert "The overview of 2,000 signals takes" in done.stdout


def test_a_benchmark_without_a_server_of_its_own_says_so() -> None:
    done = run("platform", None)
    assert done.returncode == 1
    assert "infra/dev bench" in done.stderr
    assert "Traceback" not in done.stderr
