"""Reading signals: the list, the overview, and the functions that other slices count with."""

import math
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from app.domains.observability.signals.queries import (
    MOST_SAMPLES,
    minute_counts,
    samples,
    window_counts,
)
from app.kernel.jobs.engine import JobContext
from app.kernel.tx import WriteTx
from tests.support.tenants import Tenant

T = TypeVar("T")
INGEST = "/api/observability/signals:ingest"


def send(tenant: Tenant, items: list[dict[str, Any]]) -> None:
    for start in range(0, len(items), 5000):
        answer = tenant.client.post(
            INGEST, json={"items": items[start : start + 5000]}, headers={"Prefer": "return=minimal"}
        )
        assert answer.status_code == 201, answer.text


def within(tenant: Tenant, work: Callable[[WriteTx], T]) -> T:
    return JobContext(tenant.server.database, tenant.id, "test", "test").write(work)


def item(at: datetime, **more: Any) -> dict[str, Any]:
    return {
        "signal_type": "TRACE",
        "service_name": "flight",
        "signal_name": "request",
        "occurred_at": at.isoformat(),
    } | more


def nearest_rank(values: list[float], q: float) -> float:
    return sorted(values)[math.ceil(q * len(values)) - 1]


def test_the_list_is_filtered_and_newest_first(tenant: Tenant) -> None:
    now = datetime.now(UTC)
    send(
        tenant,
        [
            item(now - timedelta(minutes=n), message=str(n), level="ERROR" if n % 2 else "INFO")
            for n in range(6)
        ]
        + [
            item(now, signal_type="LOG", service_name="dock", signal_name="door", trace_id="t-1", message="d")
        ],
    )

    def said(**query: Any) -> list[str]:
        answer = tenant.client.get("/api/observability/signals", params=query)
        assert answer.status_code == 200, answer.text
        return [row["message"] for row in answer.json()]

    assert said(service_name="flight") == ["0", "1", "2", "3", "4", "5"]
    assert said(level="ERROR") == ["1", "3", "5"]
    assert said(signal_type="LOG") == said(trace_id="t-1") == said(signal_name="door") == ["d"]
    window = {
        "from_ts": (now - timedelta(minutes=4)).isoformat(),
        "to_ts": (now - timedelta(minutes=2)).isoformat(),
    }
    assert said(**window) == ["2", "3", "4"]
    assert len(said(limit=2)) == 2


def test_pages_follow_each_other_through_signals_of_one_instant(tenant: Tenant) -> None:
    at = datetime.now(UTC)
    send(tenant, [item(at) for _ in range(25)])
    url, ids = "/api/observability/signals?limit=10", []
    for size in (10, 10, 5):
        answer = tenant.client.get(url)
        ids += [row["id"] for row in answer.json()]
        assert len(answer.json()) == size
        url = answer.links["next"]["url"] if size == 10 else ""
    assert len(set(ids)) == 25


@pytest.mark.parametrize(
    ("query", "status"), [("limit=0", 422), ("limit=1001", 422), ("level=LOUD", 422), ("colour=red", 400)]
)
def test_a_wrong_filter_is_refused(tenant: Tenant, query: str, status: int) -> None:
    assert tenant.client.get(f"/api/observability/signals?{query}").status_code == status


def test_the_overview_is_exact_over_more_rows_than_a_page_holds(tenant: Tenant) -> None:
    rnd = random.Random(25)  # noqa: S311 a fixed seed
    now = datetime.now(UTC)
    kinds, levels = ("LOG", "METRIC", "TRACE"), ("DEBUG", "INFO", "WARN", "ERROR")
    items = [
        item(
            now - timedelta(seconds=rnd.uniform(1, 3590)),
            signal_type=rnd.choice(kinds),
            level=rnd.choice(levels),
            status_code=rnd.choice([None, 200, 404, 500, 503]),
            duration_ms=rnd.choice([None, rnd.expovariate(0.01)]),
        )
        for _ in range(4321)
    ]
    outside = [item(now - timedelta(hours=2), level="ERROR"), item(now + timedelta(minutes=5), level="ERROR")]
    send(tenant, items + outside)
    body = tenant.client.get("/api/observability/overview").json()
    durations = [one["duration_ms"] for one in items if one["duration_ms"] is not None]
    assert body.pop("computed_at") >= now.isoformat()[:19]
    assert body == {
        "window_minutes": 60,
        "total_signals": len(items),
        "error_signals": sum(one["level"] == "ERROR" or (one["status_code"] or 0) >= 500 for one in items),
        "p95_latency_ms": nearest_rank(durations, 0.95),
        "by_type": {kind: sum(one["signal_type"] == kind for one in items) for kind in kinds},
        "by_level": {level: sum(one["level"] == level for one in items) for level in levels},
    }
    short = tenant.client.get("/api/observability/overview", params={"window_minutes": 1}).json()
    assert short["total_signals"] < len(items)


def test_the_overview_of_nothing(tenant: Tenant) -> None:
    body = tenant.client.get("/api/observability/overview?window_minutes=1440").json()
    assert (body["total_signals"], body["p95_latency_ms"]) == (0, None)
    for minutes in (0, 1441):
        assert tenant.client.get(f"/api/observability/overview?window_minutes={minutes}").status_code == 422


def test_windows_count_what_is_good(tenant: Tenant) -> None:
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=10)
    end = start + timedelta(minutes=5)
    marks = [
        item(start, duration_ms=10),
        item(start + timedelta(seconds=59), duration_ms=300),
        item(start + timedelta(minutes=1), level="ERROR", duration_ms=1),
        item(start + timedelta(minutes=3), status_code=500, duration_ms=2),
        item(start + timedelta(minutes=3), status_code=499),
        item(end - timedelta(microseconds=1), duration_ms=300.1),
        item(end, level="ERROR"),
        item(start - timedelta(microseconds=1), level="ERROR"),
        item(start, service_name="other"),
        item(start, signal_name="other"),
    ]
    send(tenant, marks)

    def counts(tx: WriteTx) -> None:
        asked = (tx, "flight", "request", start, end)
        assert window_counts(*asked) == (6, 4, 300.1)
        assert window_counts(*asked, latency_threshold_ms=300) == (6, 3, 300.1)
        assert window_counts(tx, "flight", "nothing", start, end) == (0, 0, None)
        assert minute_counts(*asked, latency_threshold_ms=300) == [
            (start, 2, 2),
            (start + timedelta(minutes=1), 1, 0),
            (start + timedelta(minutes=3), 2, 1),
            (start + timedelta(minutes=4), 1, 0),
        ]

    within(tenant, counts)


def test_samples_are_the_values_in_the_order_of_time_and_two_of_an_instant_are_two(tenant: Tenant) -> None:
    start = datetime.now(UTC) - timedelta(minutes=30)
    metric = {"signal_type": "METRIC", "signal_name": "disk.used"}
    send(
        tenant,
        [
            item(start + timedelta(minutes=2), numeric_value=3, **metric),
            item(start, numeric_value=1, **metric),
            item(start, numeric_value=1, **metric, service_name="other"),
            item(start, **metric),
            item(start, numeric_value=9, signal_name="disk.used"),
        ],
    )
    end = start + timedelta(minutes=10)
    found = within(tenant, lambda tx: samples(tx, "disk.used", start, end))
    assert found == [(start, 1.0), (start, 1.0), (start + timedelta(minutes=2), 3.0)]


def test_many_samples_are_thinned_to_means(tenant: Tenant) -> None:
    start = datetime.now(UTC) - timedelta(minutes=30)
    count = MOST_SAMPLES + 2000
    gap = timedelta(minutes=20) / count
    send(
        tenant,
        [
            item(start + gap * n, signal_type="METRIC", signal_name="m", numeric_value=n % 10)
            for n in range(count)
        ],
    )
    found = within(tenant, lambda tx: samples(tx, "m", start, start + timedelta(minutes=20)))
    assert 0.8 * MOST_SAMPLES < len(found) <= MOST_SAMPLES
    assert [at for at, _ in found] == sorted(at for at, _ in found)
    assert sum(value for _, value in found) / len(found) == pytest.approx(4.5, abs=0.05)


def test_settings_have_defaults_a_version_and_an_event(
    tenant: Tenant, relay: Callable[[Tenant], int]
) -> None:
    path = "/api/observability/signals/settings"
    first = tenant.client.get(path)
    assert first.json() == {
        "raw_days": 35,
        "minute_days": 90,
        "hour_days": 400,
        "items_per_second": 50_000,
        "version": 0,
    }
    wanted = {"raw_days": 7, "minute_days": 30, "hour_days": 400, "items_per_second": 10}
    stale = tenant.client.put(path, json=wanted, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    changed = tenant.client.put(path, json=wanted, headers={"If-Match": '"0"'})
    assert changed.json() == wanted | {"version": 1}
    assert tenant.client.put(path, json=wanted).json()["version"] == 1
    assert tenant.client.get(path).json() == wanted | {"version": 1}
    assert tenant.client.put(path, json=wanted | {"raw_days": 0}).status_code == 422
    relay(tenant)
    events = tenant.client.get("/api/events", params={"type": "observability.signal_settings.changed"}).json()
    assert [event["payload"] for event in events] == [wanted]


def test_retention_is_the_tenants_own(tenant: Tenant, rival: Tenant) -> None:
    now = datetime.now(UTC)
    for one in (tenant, rival):
        send(one, [item(now), item(now - timedelta(days=3))])
    settings = {"raw_days": 2}
    assert tenant.client.put("/api/observability/signals/settings", json=settings).status_code == 200
    refused = tenant.client.post(INGEST, json={"items": [item(now - timedelta(days=3))]})
    assert refused.json()["errors"][0]["code"] == "occurred_before_retention"
    from app.domains.observability.signals.jobs import KEEP_UP

    for one in (tenant, rival):
        KEEP_UP.perform(one.server.database, one.id, "test", {})
    kept = [len(one.client.get("/api/observability/signals").json()) for one in (tenant, rival)]
    assert kept == [1, 2]


def test_a_full_quota_is_429_with_a_time_to_come_back(tenant: Tenant) -> None:
    assert tenant.client.put("/api/observability/signals/settings", json={"items_per_second": 10}).is_success
    now = datetime.now(UTC)
    send(tenant, [item(now) for _ in range(99)])
    send(tenant, [item(now)])
    full = tenant.client.post(INGEST, json={"items": [item(now)]})
    assert (full.status_code, full.json()["code"]) == (429, "signal_quota_exceeded")
    assert int(full.headers["Retry-After"]) > 0


def test_a_health_report_with_a_score_is_a_signal(tenant: Tenant) -> None:
    asset = tenant.post("/api/assets", asset_type="UAV", asset_code="A-1", name="A-1")["id"]
    for status, score in (("HEALTHY", 91), ("CRITICAL", 7), ("UNKNOWN", None)):
        report = {"health_status": status} | ({} if score is None else {"health_score": score})
        answer = tenant.client.post(f"/api/assets/{asset}/health", json=report)
        assert answer.is_success, answer.text
    found = tenant.client.get("/api/observability/signals", params={"signal_name": "asset.health_score"})
    assert [(row["numeric_value"], row["level"], row["detail"]["asset_id"]) for row in found.json()] == [
        (7, "ERROR", asset),
        (91, "INFO", asset),
    ]
