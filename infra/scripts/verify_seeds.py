"""Conformance: every route, file and command that the seeds name, and whether it answers now.

Reads seeds.toml, asks the server at APP_BASE_URL without signing in (a route that exists answers 401 before anything
else), and writes docs/conformance.md; with --check it compares instead. Exit code 1 when something that no later
issue delivers is missing, or the page is out of date.
"""

import re
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blackbox.api import Api, base_url
from blackbox.tenants import wait_ready

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "conformance.md"
PHASES = ROOT / "phases"
SEEDS = Path(__file__).with_name("seeds.toml")
ANY_ID = "00000000-0000-7000-8000-000000000000"
Entry = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """One row of the page. `missing`: nobody else will deliver it."""

    kind: str
    seed: str
    what: str
    state: str
    missing: bool


class Routes:
    """What the running server answers."""

    def __init__(self, api: Api) -> None:
        self._api = api
        found: dict[str, dict[str, Any]] = api.get("/openapi.json")["paths"]
        self._known = {(method.upper(), _shape(path)) for path, verbs in found.items() for method in verbs}

    def state(self, method: str, path: str) -> str | None:
        """How the route answers; None when it does not."""
        if path.endswith("/*"):
            inside = sum(1 for _, known in self._known if known.startswith(_shape(path[:-1])))
            return f"answers: {inside} operations below it" if inside else None
        documented = (method, _shape(path)) in self._known
        if path.startswith("/api/") and not documented:
            return None
        body = {} if method in {"POST", "PUT", "PATCH"} else None
        status = self._api.send(method, re.sub(r"{\w+}", ANY_ID, path), body).status_code
        if status in {404, 405} or status >= 500:
            return None
        return f"answers: {status} without signing in" + ("" if documented else ", a page")


def _shape(path: str) -> str:
    """A path without its version and its parameters' names."""
    return re.sub(r"{\w+}", "{}", path.replace("/api/v1/", "/api/"))


def lines(api: Api) -> list[Line]:
    extract = tomllib.loads(SEEDS.read_text())
    routes = Routes(api)
    made = [_line("route", f"`{e['method']} {e['path']}`", e, _route(routes)) for e in extract["route"]]
    made += [_line("file", f"`{e['path']}`", e, _file) for e in extract["file"]]
    return made + [_line("command", f"`{e['command']}`", e, _command) for e in extract["command"]]


def _line(kind: str, what: str, entry: Entry, state: Callable[[Entry], str | None]) -> Line:
    found = state(entry)
    later = entry.get("later")
    told = found or (f"not yet: comes with {later}" if later else "MISSING")
    return Line(kind, f"{entry['seed']}:{entry['line']}", what, told, missing=found is None and later is None)


def _route(routes: Routes) -> Callable[[Entry], str | None]:
    return lambda entry: routes.state(entry["method"], entry["path"])


def _file(entry: Entry) -> str | None:
    if "history" in entry:
        return f"left out: {entry['history']}"
    here = entry.get("here")
    if here is None:
        return "exists" if (ROOT / entry["path"]).exists() else None
    return f"here it is `{here}`" if (ROOT / here).exists() else None


def _command(entry: Entry) -> str | None:
    """Commands need a Docker engine or minutes. `run` tries the lines of the phase pages: it must stand in one."""
    if "run" not in entry or not (ROOT / entry["run"]).exists():
        return None
    pages = [
        page.name for page in sorted(PHASES.glob("*.md")) if entry["command"] in page.read_text().splitlines()
    ]
    return f"a line of `phases/{pages[0]}`, run by `{entry['run']}`" if pages else None


def page(made: list[Line]) -> str:
    parts = [
        "# Conformance",
        "",
        "Written by `infra/dev verify seeds`; edit `infra/scripts/seeds.toml`, not this page. Every route, file and",
        "command that the five seeds name (`seed:line`), and whether it answers in this release. A route answers when it",
        "stands in the OpenAPI document (or is a page) and a request without a token gets neither 404, 405 nor 5xx.",
        "",
    ]
    for kind in ("route", "file", "command"):
        rows = [line for line in made if line.kind == kind]
        there = sum(1 for line in rows if not line.state.startswith(("not yet", "left out", "MISSING")))
        parts += [
            f"## {kind.capitalize()}s: {there} of {len(rows)}",
            "",
            f"| seed | {kind} | now |",
            "|---|---|---|",
        ]
        parts += [f"| {line.seed} | {line.what} | {line.state} |" for line in rows]
        parts.append("")
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    with Api(base_url()) as api:
        wait_ready(api)
        made = lines(api)
    for line in made:
        print(f"{'✗' if line.missing else '✓'} {line.seed:<8} {line.what:<90} {line.state}")
    written = page(made)
    outdated = "--check" in arguments and (not PAGE.exists() or PAGE.read_text() != written)
    if "--check" not in arguments:
        PAGE.write_text(written)
    if outdated:
        print(f"{PAGE} is out of date: run infra/dev verify seeds")
    missing = sum(line.missing for line in made)
    print(f"\n{len(made)} named, {missing} failed")
    return 1 if missing or outdated else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
