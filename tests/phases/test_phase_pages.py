"""The "How to verify" block of every phase page works as it stands, all but its line of pytest."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from app.kernel.embedded.process import child_environment
from tests.support.server import Server

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "phases").glob("phase-*.md"))
_BLOCK = re.compile(r"<!-- verify:begin -->\n```sh\n(.+?)```\n<!-- verify:end -->", re.DOTALL)
_IMAGE = "in a container image the tools are the image's own; tests/compose runs the block's other form there"


def commands(page: Path) -> list[str]:
    found = _BLOCK.findall(page.read_text())
    return found[0].splitlines() if len(found) == 1 else []


def executable() -> list[str]:
    """Every command of every page once, but pytest: that would be this test again."""
    named = dict.fromkeys(command for page in PAGES for command in commands(page))
    return [command for command in named if "pytest" not in command]


def test_there_are_phase_pages() -> None:
    assert ROOT / "phases" / "phase-09-flight-resource-asset-management.md" in PAGES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_says_how_to_verify_it(page: Path) -> None:
    block = commands(page)
    assert any("pytest" in command for command in block)
    assert any(command.startswith("infra/dev") for command in block)
    assert "docker compose -f infra/docker-compose.yml" in page.read_text()


@pytest.mark.timeout(900)
@pytest.mark.skipif("HANGAR_TEST_SUPERUSER_URL" in os.environ, reason=_IMAGE)
@pytest.mark.parametrize("command", executable())
def test_a_command_of_the_verify_block_works(server: Server, worker: None, command: str) -> None:
    """The story is told as the page says it, on a server of its own; the others are given the test server."""
    given = {} if command == "infra/dev demo story" else {"APP_BASE_URL": server.url}
    environment = child_environment(given)
    done = subprocess.run(
        command.split(), cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-4000:]
    assert "✗" not in done.stdout
    if re.search(r"infra/dev (demo|verify)", command):
        assert re.search(r"^\d+ facts, 0 failed$", done.stdout, re.MULTILINE), done.stdout[-2000:]
