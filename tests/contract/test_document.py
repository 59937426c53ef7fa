"""The OpenAPI document: current, complete, and true to the routes and models it was made from."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from fastapi import FastAPI
from pydantic import TypeAdapter

from app.infra import errors_export, openapi_export
from app.kernel.api.openapi_problems import problems_of
from app.kernel.api.routing import Route
from app.kernel.problem import MEDIA_TYPE
from app.main import create_app
from app.registry import OPENAPI_TAGS
from app.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
OPERATIONS_AT_LEAST = 80


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app(Settings.model_validate({"database_url": "postgresql://nobody@localhost/none"}))


@pytest.fixture(scope="module")
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def routes(app: FastAPI) -> list[Route]:
    return [route for route in app.routes if isinstance(route, Route) and route.include_in_schema]


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        _, _, kind, name = node["$ref"].split("/")
        node = document["components"][kind][name]
    return node


def bodies(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every JSON body of the document: request bodies, answers, problems and webhooks."""
    for name, operation in operations(document):
        if "requestBody" in operation:
            yield from _contents(f"{name} request", operation["requestBody"])
        for status, response in operation["responses"].items():
            yield from _contents(f"{name} {status}", resolved(document, response))
    for name, item in document["webhooks"].items():
        yield from _contents(f"webhook {name}", item["post"]["requestBody"])


def _contents(name: str, holder: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for media, content in holder.get("content", {}).items():
        if media.endswith("json"):
            yield f"{name} {media}", content


def test_the_committed_document_is_current(tmp_path: Path) -> None:
    committed = (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")
    fresh = tmp_path / "openapi.json"  # by a process of its own: tests here declare events
    subprocess.run([sys.executable, "-m", "app.infra.openapi_export", str(fresh)], cwd=ROOT, check=True)
    stale = "docs/openapi.json is stale; refresh it: infra/dev openapi"
    assert committed == fresh.read_text(encoding="utf-8"), stale


def test_the_committed_list_of_errors_is_current() -> None:
    committed = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    refresh = "docs/errors.md is stale; refresh it: .venv/bin/python -m app.infra.errors_export"
    assert committed == errors_export.export(), refresh


def test_the_export_writes_where_it_is_told(tmp_path: Path) -> None:
    assert openapi_export.main([str(tmp_path / "x.json")]) == 0
    assert json.loads((tmp_path / "x.json").read_text())["openapi"].startswith("3.1")


def test_every_route_is_in_the_document_once(app: FastAPI, document: dict[str, Any]) -> None:
    found = sorted(operation["operationId"] for _, operation in operations(document))
    assert found == sorted(route.operation_id or "" for route in routes(app))
    assert len(found) == len(set(found)) >= OPERATIONS_AT_LEAST


def test_every_tag_is_described_and_used(document: dict[str, Any]) -> None:
    described = {tag["name"] for tag in document["tags"] if len(tag["description"]) > 5}
    used = {tag for _, operation in operations(document) for tag in operation["tags"]}
    assert used == described == set(OPENAPI_TAGS)


def test_every_body_has_an_example_that_fits_its_schema(document: dict[str, Any]) -> None:
    checked, schemas = 0, json.dumps(document["components"]["schemas"])
    for name, content in bodies(document):
        examples = [content["example"]] if "example" in content else []
        examples += [resolved(document, example)["value"] for example in content.get("examples", {}).values()]
        assert examples, f"{name} has no example"
        validator = _validator(json.dumps(content["schema"]), schemas)
        for example in examples:
            wrong = [error.message for error in validator.iter_errors(example)]
            assert not wrong, f"{name}: {wrong}"
            checked += 1
    assert checked > 5 * OPERATIONS_AT_LEAST


@cache
def _validator(schema: str, schemas: str) -> jsonschema_rs.Draft202012Validator:
    """A validator of one schema with those of the components that it reaches."""
    known, reached, pending = json.loads(schemas), {}, [schema]
    while pending:
        for name in set(re.findall(r"#/components/schemas/(\w+)", pending.pop())) - reached.keys():
            reached[name] = known[name]
            pending.append(json.dumps(known[name]))
    return jsonschema_rs.Draft202012Validator(json.loads(schema) | {"components": {"schemas": reached}})


def test_every_request_example_is_accepted_by_its_model(app: FastAPI, document: dict[str, Any]) -> None:
    checked = 0
    for route in routes(app):
        if route.body_field is None:
            continue
        operation = document["paths"][route.path_format][route.spec.method.lower()]
        content = operation["requestBody"]["content"]
        if "application/json" not in content:
            continue
        example = content["application/json"]["example"]
        TypeAdapter(route.body_field.field_info.annotation).validate_python(example)
        checked += 1
    assert checked >= 30


def test_every_declared_problem_is_an_answer_of_its_route(app: FastAPI, document: dict[str, Any]) -> None:
    for route in routes(app):
        operation = document["paths"][route.path_format][route.spec.method.lower()]
        for problem in problems_of(route):
            response = resolved(document, operation["responses"][str(problem.status)])
            assert problem.code in response["content"][MEDIA_TYPE]["examples"], (route.name, problem)


def test_every_operation_answers_problems_of_its_access(app: FastAPI, document: dict[str, Any]) -> None:
    for route in routes(app):
        operation = document["paths"][route.path_format][route.spec.method.lower()]
        public = route.spec.access == "public"
        basic = [{"basic": []}] if route.spec.basic else []
        assert operation["security"] == ([] if public else [{"bearer": []}, *basic]), route.name
        assert public or "401" in operation["responses"], route.name
        assert ("x-permission" in operation) == ("403" in operation["responses"] and not _own_403(route)), (
            route.name
        )


def _own_403(route: Route) -> bool:
    return route.spec.access == "self_service" and any(problem.status == 403 for problem in route.spec.errors)
