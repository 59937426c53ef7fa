"""`infra/dev` and the check runner behind `infra/dev test`."""

import importlib.util
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

from app.kernel.embedded.janitor import CHECKOUT

DEV = CHECKOUT / "infra" / "dev"


def load(path: Path) -> ModuleType:
    loader = SourceFileLoader(path.stem, str(path))
    spec = importlib.util.spec_from_loader(path.stem, loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look their module up
    loader.exec_module(module)
    return module


def test_dev_without_a_command_explains_itself_from_any_directory(tmp_path: Path) -> None:
    done = subprocess.run([DEV], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "infra/dev up" in done.stdout


def test_ci_runs_dev_test_and_nothing_else() -> None:
    assert (CHECKOUT / ".ci" / "run").read_text() == '#!/bin/sh\nexec "$(dirname "$0")/../infra/dev" test\n'


def test_a_change_of_the_lock_or_the_interpreter_makes_the_environment_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dev = load(DEV)
    for name in ("uv.lock", "pyproject.toml"):
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "STAMP", tmp_path / "stamp")
    wanted = dev.wanted_state()
    assert not dev.is_current(wanted)
    (tmp_path / "stamp").write_text(wanted)
    assert dev.is_current(wanted)
    (tmp_path / "uv.lock").write_text("changed")
    assert not dev.is_current(dev.wanted_state())
    (tmp_path / "uv.lock").write_text("uv.lock")
    monkeypatch.setattr(sys, "base_prefix", "/another/python")
    assert not dev.is_current(dev.wanted_state())


def run_check(test: Path) -> subprocess.CompletedProcess[str]:
    check = CHECKOUT / "infra" / "scripts" / "check.py"
    command = [sys.executable, check, "--no-lint", "-n0", "-p", "no:cacheprovider", "--noconftest", test]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_check_runner_tells_failure_from_success_and_ends_with_pytests_last_line(tmp_path: Path) -> None:
    good, bad = tmp_path / "test_good.py", tmp_path / "test_bad.py"
    good.write_text("def test_it():\n    pass\n")
    bad.write_text("def test_it():\n    raise ValueError\n")
    passed, failed = run_check(good), run_check(bad)
    assert passed.returncode == 0
    assert "1 passed" in passed.stdout.splitlines()[-1]
    assert failed.returncode == 1
    assert "1 failed" in failed.stdout.splitlines()[-1]


def test_failing_lint_stages_are_all_reported_and_stop_the_run(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    check = load(CHECKOUT / "infra" / "scripts" / "check.py")
    monkeypatch.setattr(check, "BIN", Path("/bin"))
    monkeypatch.setattr(check, "LINT", {"one": ["false"], "two": ["true"], "three": ["ls", "/no/such/place"]})
    assert check.main([]) == 1
    output = capfd.readouterr().out
    assert output.count("FAILED") == 4, "each of the two as it ends, and again in the table"
    assert "/no/such/place" in output
    assert "the tests were not run" in output
