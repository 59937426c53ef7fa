"""Every demo and verification holds against a running server, and states at least as many facts as it ever did."""

import re

import pytest

from tests.demos.conftest import ROOT, Run

# The least number of facts: it is raised when facts are added and never lowered.
FLOORS = {
    "verify_smoke.py": 25,
    "verify_phase08_integration.py": 45,
    "demo_phase09_resource_pool_maintenance.py": 24,
    "demo_phase01_bom_ppic.py": 37,
    "demo_phase25_observability_reliability.py": 33,
}
STORY_OVER_HTTP, STORY_IN_ALL = 50, 82

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("name", FLOORS)
def test_a_script_holds_over_http(run: Run, name: str) -> None:
    done = run(name)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✗" not in done.stdout
    assert _facts(done.stdout) >= FLOORS[name]


def test_the_story_over_http_names_what_it_leaves_out(run: Run) -> None:
    done = run("demo_e2e.py")
    assert done.returncode == 0, done.stdout + done.stderr
    left = re.search(r"left out: (\d+) of (\d+) facts \((.+)\)", done.stdout)
    assert left is not None, done.stdout
    stated = _facts(done.stdout)
    assert stated >= STORY_OVER_HTTP
    assert int(left[2]) == stated + int(left[1]) >= STORY_IN_ALL
    assert {"one altered row", "a migration triplet under load"} <= set(left[3].split("; "))


def test_a_script_without_a_server_says_what_it_needs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.demos.conftest.child_environment", lambda _: {"PATH": "/usr/bin:/bin"})
    done = run("verify_smoke.py")
    assert done.returncode == 1
    assert "APP_BASE_URL" in done.stderr


def test_conformance_is_current(run: Run) -> None:
    done = run("verify_seeds.py", "--check")
    failed = [line for line in done.stdout.splitlines() if line.startswith("✗") or "out of date" in line]
    assert done.returncode == 0, "\n".join([*failed, done.stderr])
    assert (ROOT / "docs" / "conformance.md").read_text().startswith("# Conformance")


def _facts(output: str) -> int:
    found = re.search(r"^(\d+) facts, 0 failed$", output.rstrip().splitlines()[-1])
    assert found is not None, output
    return int(found[1])
