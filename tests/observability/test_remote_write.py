"""Prometheus remote write 1.0: what a sender sends, what it gets back, and what lies in the table then."""

import base64
import math
import random
import struct
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cramjam
import httpx
import pytest

from app.domains.observability.ingest.remote_write.wire import MalformedError, read_labels, read_request
from app.domains.observability.ingest.series import Recent
from tests.observability.prompb import WriteRequest, packed, request
from tests.support.tenants import PASSWORD, Tenant

Rows = Callable[[], list[dict[str, Any]]]
PATH = "/api/observability/prometheus/write"
HEADERS = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
    "User-Agent": "Prometheus/2.42.0+ds",
}
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
UP = {"__name__": "up", "instance": "a:9100", "job": "node"}


def now() -> int:
    return time.time_ns() // 1_000_000


def write(tenant: Tenant, body: bytes, **headers: str) -> httpx.Response:
    return tenant.client.post(PATH, content=body, headers=HEADERS | headers)


def test_samples_are_stored_with_their_labels(tenant: Tenant, rows: Rows) -> None:
    at = now()
    body = request((UP, [(at - 15_000, 1.0), (at, 0.0)]), ({"__name__": "lone"}, [(at, -2.5)]))
    answer = write(tenant, packed(body))
    assert (answer.status_code, answer.content) == (204, b"")
    lone, down, up = rows()
    assert (lone["service_name"], lone["numeric_value"], lone["labels"]) == ("prometheus", -2.5, {})
    assert (up["service_name"], up["signal_name"], up["signal_type"]) == ("node", "up", "METRIC")
    assert up["labels"] == {"instance": "a:9100", "job": "node"}
    assert up["series_id"] == down["series_id"] != lone["series_id"]
    assert round(down["occurred_at"].timestamp() * 1000) == at


def test_series_are_named_once_whatever_the_order_of_their_labels(tenant: Tenant, rows: Rows) -> None:
    for step in range(4):
        labels = dict(reversed(UP.items())) if step % 2 else UP
        assert write(tenant, packed(request((labels, [(now() - step, step)])))).status_code == 204
    assert len({row["series_id"] for row in rows()}) == 1
    assert len(rows()) == 4


def test_tenants_do_not_share_series(tenant: Tenant, rival: Tenant, rows: Rows) -> None:
    body = packed(request((UP, [(now(), 1.0)])))
    for _ in range(3):  # the second finds the first's series, the third is remembered
        body = packed(request((UP, [(now(), random.random())])))  # noqa: S311 another body each time
        for one in (tenant, rival):
            assert write(one, body).status_code == 204
    listed = rival.client.get("/api/observability/signals").json()
    assert len(listed) == len(rows()) == 3
    by_label = {"fn": "count", "group_by": ["label.instance"], "source": "raw"}
    window = {"from_ts": "2026-01-01T00:00:00Z", "to_ts": "2100-01-01T00:00:00Z"}
    for one in (tenant, rival):
        answer = one.client.post("/api/observability/signals:aggregate", json=by_label | window).json()
        assert [series["group"] for series in answer["series"]] == [{"label.instance": "a:9100"}]
        assert answer["series"][0]["points"][0]["value"] == 3


def test_metadata_alone_is_legal(tenant: Tenant, rows: Rows) -> None:
    body = WriteRequest()
    for number in range(202):
        body.metadata.add(type=1, metric_family_name=f"m{number}")
    assert write(tenant, packed(body)).status_code == 204
    assert write(tenant, packed(WriteRequest())).status_code == 204
    assert rows() == []


def test_stale_markers_are_no_samples_and_other_non_numbers_are_words(tenant: Tenant, rows: Rows) -> None:
    at = now()
    samples = [(at - 3, STALE), (at - 2, math.nan), (at - 1, math.inf), (at, 4.0)]
    assert write(tenant, packed(request((UP, samples)))).status_code == 204
    found = [(row["numeric_value"], row["detail"]) for row in rows()]
    assert found == [(4.0, {}), (None, {"value": "nan"}), (None, {"value": "inf"})]


def test_a_retried_batch_is_stored_once_even_by_eight_at_once(tenant: Tenant, rows: Rows) -> None:
    body = packed(request(*(({"__name__": f"m{n}", "job": "x"}, [(now(), n)]) for n in range(50))))
    gate = threading.Barrier(8)

    def send(_: int) -> int:
        headers = HEADERS | {"Authorization": f"Bearer {tenant.token}"}
        with httpx.Client(base_url=tenant.server.url, headers=headers, timeout=30) as client:
            gate.wait()
            return client.post(PATH, content=body).status_code

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(send, range(8))) == [204] * 8
    assert write(tenant, body).status_code == 204
    assert len(rows()) == 50


def test_new_series_in_other_orders_at_once_do_not_block_each_other(tenant: Tenant, rows: Rows) -> None:
    names = [f"m{n}" for n in range(200)]
    gate = threading.Barrier(6)

    def send(seed: int) -> int:
        mixed = random.Random(seed).sample(names, len(names))  # noqa: S311 a fixed seed
        body = packed(request(*(({"__name__": name}, [(now(), seed)]) for name in mixed)))
        headers = HEADERS | {"Authorization": f"Bearer {tenant.token}"}
        with httpx.Client(base_url=tenant.server.url, headers=headers, timeout=60) as client:
            gate.wait()
            return client.post(PATH, content=body).status_code

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(send, range(6))) == [204] * 6
    assert len(rows()) == 1200
    assert len({row["series_id"] for row in rows()}) == 200


def test_what_can_not_be_stored_is_counted_and_the_rest_is_stored(tenant: Tenant, rows: Rows) -> None:
    at = now()
    body = request(
        (UP, [(at, 1.0), (at + 3_600_000, 2.0), (1, 3.0)]),
        ({"job": "nameless"}, [(at, 4.0)]),
        ({"__name__": "x" * 121}, [(at, 5.0)]),
        ({"__name__": "nul", "a": "\x00"}, [(at, 6.0)]),
        ({"__name__": "long", "a": "x" * 20_000}, [(at, 6.5)]),
        ({"__name__": "wide"} | {f"l{n}": "x" for n in range(101)}, [(at, 6.6)]),
        ({"__name__": "good"}, [(at, 7.0)]),
    )
    body.timeseries.add().histograms.add(sum=1.0)
    body.timeseries[-1].labels.add(name="__name__", value="native")
    for _ in range(2):
        answer = write(tenant, packed(body))
        assert answer.status_code == 400
        assert "2 samples stored, 8 rejected" in answer.text
    assert [row["numeric_value"] for row in rows()] == [7.0, 1.0]


def test_a_full_quota_is_503_never_429(tenant: Tenant, rows: Rows) -> None:
    assert tenant.client.put("/api/observability/signals/settings", json={"items_per_second": 1}).is_success
    body = request(*(({"__name__": f"m{n}"}, [(now(), n)]) for n in range(10)))
    assert write(tenant, packed(body)).status_code == 204
    refused = write(tenant, packed(request((UP, [(now(), 1.0)]))))
    assert (refused.status_code, refused.json()["code"]) == (503, "signal_ingest_busy")
    assert int(refused.headers["Retry-After"]) > 0
    assert len(rows()) == 10


def test_an_api_key_is_the_password_of_basic_credentials(tenant: Tenant, rows: Rows) -> None:
    key = tenant.post("/api/identity/api-keys", name="prometheus", scopes=["telemetry.write"])["secret"]

    def attempt(password: str, path: str = PATH) -> int:
        credential = base64.b64encode(f"anybody:{password}".encode()).decode()
        body = packed(request((UP, [(now(), 1.0)])))
        headers = HEADERS | {"Authorization": f"Basic {credential}"}
        return httpx.post(tenant.server.url + path, content=body, headers=headers).status_code

    assert attempt(str(key)) == 204
    assert attempt(str(key), "/api/v1/observability/prometheus/write") == 204
    assert attempt(PASSWORD) == 401
    assert attempt(str(key), "/api/observability/signals:ingest") == 401
    headers = HEADERS | {"Authorization": "Basic %%%"}
    assert httpx.post(tenant.server.url + PATH, content=b"", headers=headers).status_code == 401
    assert len(rows()) >= 1


GOOD = packed(request((UP, [(now(), 1.0)])))


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"not snappy at all", {}, 400),
        (b"", {}, 400),
        (GOOD[:-4], {}, 400),
        (b"\xff\xff\xff\xff\x0f" + b"\x00" * 20, {}, 413),
        (bytes(cramjam.snappy.compress_raw(b"\x00" * (65 << 20))), {}, 413),
        (bytes(cramjam.snappy.compress_raw(b"\xff\xff\xff")), {}, 400),
        (bytes(cramjam.snappy.compress_raw(b"\x0a\x7f\x0a")), {}, 400),
        (GOOD, {"Content-Encoding": "gzip"}, 415),
        (GOOD, {"Content-Type": "application/json"}, 415),
        (GOOD, {"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"}, 415),
        (b"x" * (17 << 20), {}, 413),
    ],
    ids=range(11),
)
def test_a_hostile_body_is_refused(
    tenant: Tenant, rows: Rows, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = write(tenant, content, **headers)
    assert answer.status_code == status, answer.text
    assert rows() == []


def test_every_cut_of_a_request_is_refused_or_read_never_a_crash() -> None:
    raw = request((UP, [(now(), 1.0), (now(), 2.0)]), ({"__name__": "b"}, [(now(), 3.0)])).SerializeToString()
    whole = [(read_labels(one.labels), one.samples) for one in read_request(raw)]
    assert whole[0][0] == UP
    refused = 0
    for end in range(len(raw)):
        try:
            list(read_request(raw[:end]))
        except MalformedError:
            refused += 1
    assert refused >= len(raw) - 3
    rnd = random.Random(1)  # noqa: S311 a fixed seed
    for _ in range(2000):
        mangled = bytearray(raw)
        for _ in range(3):
            mangled[rnd.randrange(len(raw))] = rnd.randrange(256)
        try:
            for one in read_request(bytes(mangled)):
                read_labels(one.labels)
        except MalformedError:
            refused += 1
    assert refused > 500


def test_the_reader_agrees_with_protobuf() -> None:
    rnd = random.Random(2)  # noqa: S311 a fixed seed
    series = [
        (
            {"__name__": f"m{n}", "ä": "x" * rnd.randrange(300)},
            [(rnd.randrange(-(2**62), 2**62), rnd.gauss(0, 1e6)) for _ in range(rnd.randrange(9))],
        )
        for n in range(300)
    ]
    read = list(read_request(request(*series).SerializeToString()))
    assert [(read_labels(one.labels), one.samples) for one in read] == series


def test_the_memory_of_series_is_bounded() -> None:
    from uuid import UUID

    kept: Recent[int] = Recent(3)
    keys = [(UUID(int=0), bytes([n])) for n in range(5)]
    for n, key in enumerate(keys):
        kept.put(key, n)
        assert kept.get(keys[0]) == 0
    assert len(kept) == 3
    assert [kept.get(key) for key in keys] == [0, None, None, 3, 4]
