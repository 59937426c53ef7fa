"""Generated clients drive the flow of phase 09: the programs of the API guide, exactly as they stand there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.node import ROOT, node, packages
from tests.support.server import Server

GUIDE = (ROOT / "docs" / "guides" / "api-in-python-typescript-curl.md").read_text(encoding="utf-8")
DOCUMENT = ROOT / "docs" / "openapi.json"
TOLD = ("HEALTHY", "taken reservation_conflict", "now CLOSED", "created", "closed")
TSC = ("--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", "--allowImportingTsExtensions")


def program(language: str) -> str:
    found = re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    assert len(found) == 1, f"the guide has one {language} program"
    text: str = found[0]
    return text


def run(command: list[str], directory: Path, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=directory,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def assert_told(output: str) -> None:
    missing = [word for word in TOLD if word not in output]
    assert not missing, f"{missing} not in:\n{output}"


# Formatting is for readers; bodies of protocols with formats of their own go as bytes.
CONFIG = """
post_hooks: []
content_type_overrides:
  application/x-ndjson: application/octet-stream
  application/x-protobuf: application/octet-stream
"""


@pytest.fixture(scope="module")
def python_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the generated package `hangar_client`."""
    place = tmp_path_factory.mktemp("python")
    config = place / "config.yml"
    config.write_text(CONFIG)
    generate = [
        str(Path(sys.executable).parent / "openapi-python-client"),
        "generate",
        "--path",
        str(DOCUMENT),
    ]
    target = ["--output-path", str(place / "hangar_client"), "--meta", "none", "--config", str(config)]
    run([*generate, *target, "--fail-on-warning"], place)
    (place / "flow.py").write_text(program("python"), encoding="utf-8")
    return place


@pytest.mark.timeout(300)
def test_the_python_client_drives_the_flow(server: Server, python_client: Path) -> None:
    output = run([sys.executable, "flow.py"], python_client, APP_BASE_URL=server.url)
    assert_told(output)


@pytest.mark.full
@pytest.mark.timeout(600)
def test_the_python_flow_is_typed(python_client: Path) -> None:
    """mypy knows the class of every answer in the guide's program, errors included."""
    mypy = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--follow-imports",
        "silent",
        "--config-file",
        os.devnull,
    ]
    run([*mypy, "flow.py"], python_client)


@pytest.fixture(scope="module")
def typescript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the generated types and what the program imports."""
    place, installed = tmp_path_factory.mktemp("typescript"), packages() / "node_modules"
    (place / "node_modules").symlink_to(installed)
    (place / "package.json").write_text('{"type": "module"}')
    (place / "node.d.ts").write_text("declare const process: { env: Record<string, string | undefined> };\n")
    tool = installed / "openapi-typescript/bin/cli.js"
    made = node(tool, DOCUMENT, "--default-non-nullable=false", "-o", "hangar.d.ts", cwd=place)
    assert made.returncode == 0, made.stdout
    return place


def check_types(place: Path, name: str, text: str) -> tuple[int, str]:
    (place / name).write_text(text, encoding="utf-8")
    done = node(place / "node_modules/typescript/bin/tsc", *TSC, name, "node.d.ts", cwd=place)
    return done.returncode, done.stdout


@pytest.mark.timeout(300)
def test_the_typescript_types_drive_the_flow(server: Server, typescript: Path) -> None:
    code, report = check_types(typescript, "flow.ts", program("typescript"))
    assert code == 0, report
    # Node runs TypeScript by leaving the types out.
    ran = node("flow.ts", cwd=typescript, env=os.environ | {"APP_BASE_URL": server.url})
    assert ran.returncode == 0, ran.stdout
    assert_told(ran.stdout)


@pytest.mark.timeout(300)
def test_a_wrong_field_does_not_pass_the_typescript_types(typescript: Path) -> None:
    broken = program("typescript").replace("asset_code:", "asset_kode:").replace("next_free_at", "next_free")
    code, report = check_types(typescript, "broken.ts", broken)
    assert code != 0
    assert "asset_kode" in report
    assert "next_free" in report


@pytest.mark.skipif(
    shutil.which("curl") is None, reason="the third program is curl's, and it is not installed"
)
def test_the_curl_commands_drive_the_flow(server: Server, tmp_path: Path) -> None:
    output = run(["bash", "-c", program("bash")], tmp_path, APP_BASE_URL=server.url)
    assert_told(output)
