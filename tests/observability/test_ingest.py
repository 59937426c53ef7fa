"""`signals:ingest`: what is stored, what is refused, and that a body is stored whole or not at all."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from tests.support.tenants import Tenant

PATH = "/api/observability/signals:ingest"
ITEM = {"signal_type": "TRACE", "service_name": "flight", "signal_name": "request"}


def send(tenant: Tenant, *items: dict[str, Any], **headers: str) -> httpx.Response:
    return tenant.client.post(PATH, json={"items": list(items)}, headers=headers)


def stream(tenant: Tenant, lines: list[str], **headers: str) -> httpx.Response:
    body = "\n".join(lines).encode()
    return tenant.client.post(PATH, content=body, headers={"Content-Type": "application/x-ndjson"} | headers)


@pytest.fixture
def stored(tenant: Tenant) -> Iterator[Any]:
    """`stored(what)`: of the tenant's signals, read past row security."""
    with psycopg.connect(tenant.server.urls.superuser_url, autocommit=True) as admin:

        def read(what: str = "count(*)", order: str = "1") -> list[tuple[Any, ...]]:
            query = f"SELECT {what} FROM signal WHERE tenant_id = %s ORDER BY {order}"
            return admin.execute(query, (tenant.id,)).fetchall()

        yield read


def test_every_field_comes_back_as_it_was_sent(tenant: Tenant, stored: Any) -> None:
    at = datetime.now(UTC) - timedelta(minutes=3)
    item = ITEM | {
        "level": "ERROR",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span_id": "00f067aa0ba902b7",
        "status_code": 503,
        "duration_ms": 12.5,
        "numeric_value": -0.25,
        "unit": "ms",
        "message": "tab\tnewline\nback\\slash \\N “quotes”",
        "detail": {"a": {"b": [1, None, "c\\d\n"]}, "\\N": "\t"},
        "occurred_at": at.isoformat(),
    }
    for copies in (1, 1500):  # both ways into the table
        answer = send(tenant, *[item] * copies)
        assert answer.status_code == 201, answer.text
        body = answer.json()
        assert (body["accepted_count"], body["rejected_count"], body["errors"]) == (copies, 0, [])
        assert len(body["signals"]) == len({signal["id"] for signal in body["signals"]}) == copies
        signal = body["signals"][-1]
        assert {name: signal[name] for name in item if name != "occurred_at"} == {
            name: value for name, value in item.items() if name != "occurred_at"
        }
        assert datetime.fromisoformat(signal["occurred_at"]) == at
        assert signal["created_at"] == signal["occurred_at"]
        assert signal["created_by"] == f"user:{tenant.admin_id}"
        assert signal["tenant_id"] == str(tenant.id)
    rows = stored(
        "DISTINCT message, detail::text, numeric_value, duration_ms, occurred_at, status_code, created_by"
    )
    assert len(rows) == 1
    message, detail, value, duration, occurred, status, author = rows[0]
    assert (message, json.loads(detail)) == (item["message"], item["detail"])
    assert (value, duration, status, occurred) == (-0.25, 12.5, 503, at)
    assert author == f"user:{tenant.admin_id}"
    assert stored() == [(1501,)]


def test_what_is_left_out_has_its_default(tenant: Tenant) -> None:
    before = datetime.now(UTC)
    signal = send(tenant, ITEM | {"sent_by_an_older_client": True}).json()["signals"][0]
    assert (signal["level"], signal["detail"], signal["message"]) == ("INFO", {}, None)
    assert before <= datetime.fromisoformat(signal["occurred_at"]) <= datetime.now(UTC)
    assert UUID(signal["id"]).version == 7


def test_return_minimal_answers_counts_only(tenant: Tenant, stored: Any) -> None:
    answer = send(tenant, ITEM, ITEM, Prefer="respond-async, return=minimal")
    assert answer.json() == {"accepted_count": 2, "rejected_count": 0, "signals": [], "errors": []}
    assert stored() == [(2,)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"signal_type": "GUESS"}, "signal_type"),
        ({"level": "FATAL"}, "level"),
        ({"service_name": " "}, "service_name"),
        ({"service_name": "x" * 121}, "service_name"),
        ({"signal_name": "x" * 121}, "signal_name"),
        ({"duration_ms": -1}, "duration_ms"),
        ({"message": "x" * 501}, "message"),
        ({"unit": "x" * 41}, "unit"),
        ({"message": "NUL \x00"}, "message"),
        ({"detail": {"deep": ["\x00"]}}, "detail/deep/0"),
        ({"occurred_at": "2026-01-01T00:00:00"}, "occurred_at"),
        ({"occurred_at": (datetime.now(UTC) + timedelta(days=1)).isoformat()}, "occurred_at"),
        ({"occurred_at": (datetime.now(UTC) - timedelta(days=36)).isoformat()}, "occurred_at"),
        ({"status_code": 1 << 40}, "status_code"),
    ],
)
def test_one_bad_item_is_named_and_nothing_is_stored(
    tenant: Tenant, stored: Any, change: dict[str, Any], field: str
) -> None:
    answer = send(tenant, ITEM, ITEM, ITEM, ITEM | change)
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"#/items/3/{field}"]
    assert stored() == [(0,)]


@pytest.mark.parametrize("text", ['{"items": []}', "{}", "[]", "{", '{"items": [NaN]}', ""])
def test_a_body_that_is_no_batch_is_422(tenant: Tenant, text: str) -> None:
    answer = tenant.client.post(PATH, content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text


def test_numbers_that_are_none_are_refused(tenant: Tenant, stored: Any) -> None:
    for value in ("NaN", "Infinity", "1e999", "-1e999"):
        text = json.dumps({"items": [ITEM | {"detail": {"v": "X"}}]}).replace('"X"', value)
        answer = tenant.client.post(PATH, content=text, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422, (value, answer.text)
    assert stored() == [(0,)]


def test_too_large_a_body_is_413(tenant: Tenant) -> None:
    fat = ITEM | {"detail": {"pad": "x" * 1_000_000}}
    answer = send(tenant, *[fat] * 11)
    assert answer.status_code == 413, answer.text
    assert answer.json()["limit_bytes"] == 10 * 1024 * 1024


def test_equal_bodies_without_a_key_are_two_and_with_one_key_are_one(tenant: Tenant, stored: Any) -> None:
    item = ITEM | {"occurred_at": datetime.now(UTC).isoformat()}
    assert [send(tenant, item).status_code for _ in range(2)] == [201, 201]
    assert stored() == [(2,)]
    key = str(uuid4())
    first, second = (send(tenant, item, **{"Idempotency-Key": key}) for _ in range(2))
    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert stored() == [(3,)]
    other = send(tenant, ITEM, **{"Idempotency-Key": key})
    assert other.status_code == 422
    assert other.json()["code"] == "idempotency_key_reused"


def test_lines_are_stored_as_far_as_they_are_good(tenant: Tenant, stored: Any) -> None:
    good = json.dumps(ITEM)
    lines = [good, "{", "", good, json.dumps(ITEM | {"level": "FATAL"}), json.dumps({"items": []}), good]
    lines += [json.dumps(ITEM | {"message": "\x00"}), '{"x": "' + "y" * 300_000 + '"}', good, "  "]
    answer = stream(tenant, lines)
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert (body["accepted_count"], body["rejected_count"], body["signals"]) == (4, 5, [])
    assert [(error["index"], error["code"]) for error in body["errors"]] == [
        (1, "json_invalid"),
        (3, "enum"),
        (4, "missing"),
        (6, "string_characters"),
        (7, "line_too_long"),
    ]
    assert stored() == [(4,)]


def test_only_the_first_hundred_bad_lines_are_named(tenant: Tenant) -> None:
    body = stream(tenant, ["{}"] * 250 + [json.dumps(ITEM)]).json()
    assert (body["accepted_count"], body["rejected_count"], len(body["errors"])) == (1, 250, 100)


def test_an_empty_stream_is_422(tenant: Tenant) -> None:
    assert stream(tenant, ["", " "]).status_code == 422


@pytest.mark.parametrize("media", ["application/x-ndjson", "application/json"])
def test_gzip_is_read(tenant: Tenant, stored: Any, media: str) -> None:
    text = json.dumps({"items": [ITEM]} if media.endswith("/json") else ITEM)
    headers = {"Content-Type": media, "Content-Encoding": "gzip"}
    assert tenant.client.post(PATH, content=gzip.compress(text.encode()), headers=headers).status_code == 201
    assert stored() == [(1,)]
    broken = tenant.client.post(PATH, content=b"\x1f\x8b\x08 no", headers=headers)
    assert (broken.status_code, broken.json()["code"]) == (400, "undecodable_body")
    other = tenant.client.post(PATH, content=b"x", headers=headers | {"Content-Encoding": "br"})
    assert (other.status_code, other.json()["code"]) == (415, "unsupported_media_type")


def test_a_bomb_is_413_and_stores_nothing(tenant: Tenant, stored: Any) -> None:
    bomb = gzip.compress(b'{"items": [' + b" " * (64 << 20))
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert len(bomb) < 100_000
    assert tenant.client.post(PATH, content=bomb, headers=headers).status_code == 413
    lines = gzip.compress((json.dumps(ITEM) + "\n").encode() + b" " * (64 << 20))
    answer = tenant.client.post(
        PATH, content=lines, headers=headers | {"Content-Type": "application/x-ndjson"}
    )
    assert (answer.json()["accepted_count"], answer.json()["errors"][0]["code"]) == (1, "line_too_long")
    assert stored() == [(1,)]


def test_telemetry_write_alone_may_send(tenant: Tenant, stored: Any) -> None:
    for permission, status in (("telemetry.write", 201), ("observability.write", 201), ("assets.write", 403)):
        client = tenant.as_user(permission)
        assert client.post(PATH, json={"items": [ITEM]}).status_code == status, permission
    assert tenant.as_user("telemetry.write").get("/api/observability/signals").status_code == 403
    assert stored() == [(2,)]
