"""redocly's rules hold for the committed document; redocly.yaml explains each that is off."""

import os
from pathlib import Path

import pytest

from tests.contract.node import HERE, ROOT, node, packages

REDOCLY = "node_modules/@redocly/cli/bin/cli.js"
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "CI": "true"}


def lint(document: str) -> tuple[int, str]:
    command = [
        packages() / REDOCLY,
        "lint",
        document,
        "--config",
        HERE / "redocly.yaml",
        "--format",
        "stylish",
    ]
    done = node(*command, cwd=ROOT, env=os.environ | QUIET)
    return done.returncode, done.stdout


@pytest.mark.timeout(300)
def test_redocly_finds_nothing_in_the_document() -> None:
    code, report = lint("docs/openapi.json")
    assert code == 0, report


@pytest.mark.timeout(300)
def test_redocly_finds_what_is_wrong(tmp_path: Path) -> None:
    """The rules are really on: a document with a nameless operation and an example that doesn't fit fails."""
    path = tmp_path / "wrong.json"
    path.write_text(WRONG)
    code, report = lint(str(path))
    assert code == 1, report
    assert "operation-operationId" in report
    assert "no-invalid-media-type-examples" in report


WRONG = """{
 "openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "servers": [{"url": "/"}],
 "paths": {"/x": {"get": {"responses": {"200": {"description": "ok",
  "content": {"application/json": {"schema": {"type": "integer"}, "example": "one"}}}}}}}
}"""
