"""The guide's sixth domain, taken from its page, put into a copy of the product, and used over HTTP."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.kernel.db.migrate import code_head
from tests.support.databases import Servers

CHECKOUT = Path(__file__).resolve().parents[2]
GUIDE = CHECKOUT / "docs/guides/writing-a-domain.md"
BLOCK = re.compile(r"^```(python|diff) file=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PASSWORD = "a-long-test-password"


def blocks(kind: str) -> dict[str, str]:
    return {path: text for found, path, text in BLOCK.findall(GUIDE.read_text()) if found == kind}


def apply(diff: str, target: Path) -> None:
    """Replace each `-` line by the `+` lines that follow it; the line must be there exactly once."""
    text = target.read_text()
    for removed, added in re.findall(r"^-(.*)\n((?:\+.*\n)+)", diff, re.MULTILINE):
        assert text.count(f"{removed}\n") == 1, removed
        fresh = "".join(line[1:] + "\n" for line in added.splitlines())
        text = text.replace(f"{removed}\n", fresh)
    target.write_text(text)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the product with the guide's domain in it."""
    copy = tmp_path_factory.mktemp("product")
    for part in ("app", "infra"):
        shutil.copytree(CHECKOUT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "pyproject.toml", copy)
    for path, text in blocks("python").items():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).write_text(text.replace("{{ head }}", code_head()))
    for path, diff in blocks("diff").items():
        apply(diff, copy / path)
    return copy


@pytest.fixture(scope="module")
def url(product: Path, pg: Servers, worker_id: str) -> Iterator[str]:
    """The copy, migrated and served."""
    name = f"badges_{worker_id}"
    urls = pg.create_database(name)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | urls.environment() | {"PYTHONPATH": str(product), "HANGAR_LOG_LEVEL": "ERROR"}
    run = [sys.executable, "-m", "app.cli"]
    subprocess.run([*run, "migrate"], cwd=product, env=environment, check=True)
    process = subprocess.Popen([*run, "serve", "--port", str(port)], cwd=product, env=environment)
    try:
        base = f"http://127.0.0.1:{port}"
        wait_ready(base, process)
        yield base
    finally:
        process.kill()
        process.wait()
        pg.drop_database(name)


def wait_ready(base: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{base}/readyz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the product with the sixth domain did not get ready")


def sign_in(client: httpx.Client, name: str) -> None:
    tenant = client.post("/api/identity/tenants", json={"name": name}).json()["id"]
    who = {"tenant_id": tenant, "username": "admin", "password": PASSWORD}
    assert client.post("/api/identity/bootstrap-admin", json=who).status_code == 201
    token = client.post("/api/identity/dev-login", json=who).json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"


def test_it_is_at_most_ten_files_and_changes_no_line_of_the_kernel() -> None:
    assert len(blocks("python")) <= 10
    assert set(blocks("diff")) == {"app/registry.py"}
    assert not any(path.startswith(("app/kernel", "app/platform")) for path in blocks("python"))


def test_the_sixth_domain_serves(url: str) -> None:
    with httpx.Client(base_url=url, timeout=30) as ours, httpx.Client(base_url=url, timeout=30) as theirs:
        sign_in(ours, "ours")
        sign_in(theirs, "theirs")
        made = ours.post("/api/badges", json={"number": 7, "visitor": "Ada"})
        assert (made.status_code, made.headers["etag"]) == (201, '"1"')
        path = made.headers["location"]
        assert ours.get(path).json() == made.json()
        worn = ours.post("/api/badges", json={"number": 7, "visitor": "Grace"})
        assert (worn.status_code, worn.json()["code"]) == (409, "badge_worn")
        assert theirs.get(path).status_code == 404
        assert theirs.post("/api/badges", json={"number": 7, "visitor": "Mallory"}).status_code == 201
        assert ours.post(f"{path}:return").status_code == 200
        assert ours.post(f"{path}:return").json()["code"] == "badge_returned"
        assert ours.post("/api/badges", json={"number": 7, "visitor": "Grace"}).status_code == 201
        assert [row["visitor"] for row in ours.get("/api/badges?number=7").json()] == ["Ada", "Grace"]
        assert ours.post("/api/badges", json={"number": 0, "visitor": ""}).status_code == 422
        assert httpx.get(f"{url}/api/badges").status_code == 401
        described = httpx.get(f"{url}/openapi.json").json()["paths"]["/api/badges"]["post"]
        assert described["x-permission"] == "badges.write"
