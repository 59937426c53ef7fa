"""`python -m app.infra.errors_export [PATH]` writes the list of problems, `docs/errors.md` by default."""

import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

from app import registry
from app.kernel.api.openapi_problems import meaning, members_of
from app.kernel.problem import Problem

DEFAULT = Path("docs/errors.md")

_HEAD = """\
# Errors

Every error is a problem document (RFC 9457, `application/problem+json`). `code` is stable: programs decide by it.
`title` and `detail` are for people and may change. `type` links to the entry of the code on the server's own
`/docs/errors`. `request_id` finds the request in the logs. `errors` names each wrong field: `pointer` is a JSON
pointer into the body (`#/name`), or `query/…`, `path/…`, `header/…` with a parameter's name.

Made from the problem classes by `python -m app.infra.errors_export`; do not edit.
"""


def problem_classes() -> list[type[Problem]]:
    """Every problem that the product declares, by status and code."""
    found = {problem for problem in _below(Problem) if problem.__module__.startswith("app.")}
    return sorted(found, key=lambda problem: (problem.status, problem.code))


def _below(base: type[Problem]) -> Iterator[type[Problem]]:
    for problem in base.__subclasses__():
        yield problem
        yield from _below(problem)


def export() -> str:
    """The document as text. Importing the registry has declared every module's problems."""
    parts = [_HEAD, f"{len(problem_classes())} problems of {len(registry.MODULES)} modules and the kernel.\n"]
    status = 0
    for problem in problem_classes():
        if problem.status != status:
            status = problem.status
            parts.append(f"## {status} {HTTPStatus(status).phrase}\n")
        parts.append(_entry(problem))
    return "\n".join(parts)


def _entry(problem: type[Problem]) -> str:
    lines = [f"### `{problem.code}`", "", f"**{problem.title}.** {meaning(problem)}", ""]
    lines += [f"- `{name}`: {text}" for name, text in _members(problem)]
    return "\n".join(lines).rstrip() + "\n"


def _members(problem: type[Problem]) -> Iterator[tuple[str, str]]:
    """The members that this problem adds to the document: name, and JSON type with what it holds."""
    members = members_of(problem)
    if members is None:
        return
    schema = members.model_json_schema(mode="serialization")
    definitions = schema.get("$defs", {})
    for name, described in schema["properties"].items():
        required = "" if name in schema.get("required", ()) else ", not always there"
        text = described.get("description", "")
        yield name, _type(described, definitions) + required + (f". {text}" if text else "")


def _type(schema: dict[str, object], definitions: dict[str, dict[str, object]]) -> str:
    reference, choices, items = schema.get("$ref"), schema.get("anyOf"), schema.get("items")
    if isinstance(reference, str):
        named = definitions[reference.rsplit("/", 1)[-1]]
        properties, words = named.get("properties"), named.get("enum")
        if isinstance(words, list):
            return "one of " + ", ".join(f"`{word}`" for word in words)
        assert isinstance(properties, dict)  # noqa: S101 pydantic models have properties
        return "object with " + ", ".join(f"`{name}`" for name in properties)
    if isinstance(choices, list):
        return " or ".join(_type(choice, definitions) for choice in choices)
    if isinstance(items, dict):
        return f"array of {_type(items, definitions)}"
    return str(schema.get("format") or schema.get("type", "any JSON value"))


def main(argv: list[str]) -> int:
    path = Path(argv[0]) if argv else DEFAULT
    path.write_text(export(), encoding="utf-8")
    sys.stdout.write(f"wrote {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
