"""Bad input gets its documented problem, names the field, and stores nothing."""

import json
from typing import Any

import pytest

from tests.support.tenants import Tenant

GOOD = {"asset_type": "UAV", "asset_code": "U-1", "name": "One"}


def raw(tenant: Tenant, body: bytes, content_type: str = "application/json") -> Any:
    return tenant.client.post("/api/assets", content=body, headers={"content-type": content_type})


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "json_invalid"),
        (b"", "missing"),
        (b'{"asset_type": NaN}', "json_invalid"),
        (b"[" * 100_000, "json_invalid"),
        (json.dumps(GOOD | {"name": "a\x00b"}).encode(), "string_characters"),
        (json.dumps(GOOD | {"name": "\ud800"}).encode(), "json_invalid"),
        (json.dumps(GOOD | {"detail": {"k\x00": 1}}).encode(), "string_characters"),
        (b'{"asset_type":"UAV","asset_code":"U","name":"n","detail":{"x":1e999}}', "finite_number"),
        (json.dumps(GOOD | {"detail": {"x": 10**400}}).encode(), "finite_number"),
        (json.dumps(GOOD | {"name": "   "}).encode(), "string_too_short"),
        (json.dumps(GOOD | {"name": "x" * 101}).encode(), "string_too_long"),
        (json.dumps(GOOD | {"asset_type": "SUBMARINE"}).encode(), "enum"),
        (json.dumps([GOOD]).encode(), "model_attributes_type"),
    ],
)
def test_a_wrong_body_is_a_422_that_names_the_place(tenant: Tenant, body: bytes, code: str) -> None:
    answer = raw(tenant, body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "validation_failed"
    assert code in {error["code"] for error in answer.json()["errors"]}
    assert all(error["pointer"].startswith("#") for error in answer.json()["errors"])
    assert tenant.client.get("/api/assets").json() == []


def test_a_body_that_is_not_json_by_its_type_is_refused(tenant: Tenant) -> None:
    answer = raw(tenant, json.dumps(GOOD).encode(), "text/plain")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "content_type"


def test_eleven_mebibytes_are_413_and_the_connection_lives_on(tenant: Tenant) -> None:
    answer = raw(tenant, b'"' + b"x" * (11 * 1024 * 1024) + b'"')
    assert answer.status_code == 413
    assert answer.json()["code"] == "body_too_large"
    assert answer.json()["limit_bytes"] == 10 * 1024 * 1024
    assert raw(tenant, json.dumps(GOOD).encode()).status_code == 201


def test_an_unknown_parameter_is_a_400_that_names_it(tenant: Tenant) -> None:
    answer = tenant.client.get("/api/assets", params={"colour": "red"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "unknown_parameter"
    assert answer.json()["errors"][0]["pointer"] == "query/colour"


@pytest.mark.parametrize("cursor", ["x", "////", "aWQgZ2FyYmFnZQ", "LWlkIGk6MQ", "é"])
def test_a_bad_cursor_is_a_400(tenant: Tenant, cursor: str) -> None:
    answer = tenant.client.get("/api/assets", params={"cursor": cursor})
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == "bad_cursor"


def test_a_cursor_of_another_order_is_refused(tenant: Tenant) -> None:
    for number in range(3):
        tenant.post("/api/assets", **(GOOD | {"asset_code": f"U-{number}"}))
    link = tenant.client.get("/api/assets", params={"limit": 2}).links["next"]["url"]
    answer = tenant.client.get(f"{link}&sort=-name")
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_cursor"


@pytest.mark.parametrize(
    "instant",
    ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-02-30T00:00:00Z", "yesterday", "2026-01-01"],
)
def test_absurd_dates_are_422(tenant: Tenant, instant: str) -> None:
    answer = tenant.client.get("/api/assets", params={"as_of": instant})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == "query/as_of"


def test_nul_in_a_parameter_is_422(tenant: Tenant) -> None:
    answer = tenant.client.get("/api/assets?region_code=a%00b")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "query/region_code"


def test_a_path_that_is_no_id_is_404(tenant: Tenant) -> None:
    answer = tenant.client.get("/api/assets/not-an-id")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_wrong_method_is_405_and_says_what_is_possible(tenant: Tenant) -> None:
    answer = tenant.client.put("/api/assets", json={})
    assert answer.status_code == 405
    assert answer.json()["code"] == "method_not_allowed"
    assert answer.headers["allow"]


def test_anonymous_callers_learn_nothing_about_their_body(tenant: Tenant) -> None:
    answer = tenant.client.post("/api/assets", content=b"{", headers={"Authorization": ""})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_an_unknown_body_field_is_ignored_on_contract_routes_and_named_elsewhere(tenant: Tenant) -> None:
    assert tenant.client.post("/api/assets", json=GOOD | {"colour": "red"}).status_code == 201
    answer = tenant.client.post("/api/assets/regions", json={"code": "R", "colour": "red"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/colour"
