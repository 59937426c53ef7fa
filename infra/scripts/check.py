"""`infra/dev test`: every check of the project. Lint stages first, all of them; then the tests if they passed.

infra/dev test                     what CI runs
infra/dev test --full              also the suites marked `full` (minutes); installs the Debian packages they lack
infra/dev test --no-lint -k NAME   pytest only; other arguments go to pytest
"""

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PATHS = ("app", "tests", "infra")

LINT = {
    "ruff check": ["ruff", "check", *PATHS],
    "ruff format": ["ruff", "format", "--check", *PATHS],
    "mypy": ["mypy", "app"],
    "imports": ["lint-imports"],
    "deptry": ["deptry", "."],
}

# Programs that the full suites drive, and the Debian package of each.
PROGRAMS = {
    "promtool": "prometheus",
    "prometheus": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
}


@dataclass(frozen=True)
class Result:
    name: str
    code: int
    seconds: float
    output: str

    @property
    def word(self) -> str:
        return "ok" if self.code == 0 else f"FAILED ({self.code})"


def lint(name: str) -> Result:
    program, *arguments = LINT[name]
    began = time.monotonic()
    done = subprocess.run(
        [str(BIN / program), *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Result(name, done.returncode, time.monotonic() - began, done.stdout)


def run_lint() -> list[Result]:
    """All stages, two at a time; the output of those that fail is shown as they end."""
    results = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for result in pool.map(lint, sorted(LINT, key=lambda name: name != "mypy")):
            print(f"{result.name:<12} {result.word:<12} {result.seconds:6.1f} s", flush=True)
            if result.code != 0:
                print(result.output, flush=True)
            results.append(result)
    return results


def install_programs() -> None:
    """Install what the full suites lack, as root on Debian; else say what is missing. Its services aren't started."""
    missing = sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        print(f"not installed, their tests will be left out: {', '.join(missing)}", flush=True)
        return
    print(f"installing {', '.join(missing)}", flush=True)
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
        subprocess.run(["apt-get", "-qq", *command], env=quiet, stdout=subprocess.DEVNULL, check=False)


def run_tests(arguments: list[str], *, full: bool) -> Result:
    """pytest, its output passed through as it comes; the last part of it is kept for its closing line."""
    marker = "not compose" if full else "not full and not compose"
    colour = "yes" if sys.stdout.isatty() and not os.environ.get("CI") else "no"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        str(os.cpu_count() or 2),
        "-m",
        marker,
        f"--color={colour}",
    ]
    began = time.monotonic()
    with subprocess.Popen(
        [*command, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        tail = b""
        while part := os.read(process.stdout.fileno(), 65_536):
            sys.stdout.buffer.write(part)
            sys.stdout.buffer.flush()
            tail = (tail + part)[-16_384:]
    lines = tail.decode(errors="replace").strip().splitlines()
    return Result("pytest", process.returncode, time.monotonic() - began, lines[-1] if lines else "")


def report(results: list[Result]) -> None:
    print("\nchecks")
    for result in results:
        print(f"  {result.name:<12} {result.word:<12} {result.seconds:6.1f} s")


def main(arguments: list[str]) -> int:
    full = "--full" in arguments
    skip_lint = "--no-lint" in arguments
    rest = [argument for argument in arguments if argument not in ("--full", "--no-lint")]
    results = [] if skip_lint else run_lint()
    if any(result.code for result in results):
        report(results)
        print("the tests were not run: lint failed")
        return 1
    if full:
        install_programs()
    tests = run_tests(rest, full=full)
    report([*results, tests])
    print(tests.output)
    return 0 if tests.code == 0 else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
