"""Roll-ups say what the raw signals say, whenever those came; and `:aggregate` says the same from either."""

import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domains.observability.signals import rollup, sketch
from app.domains.observability.signals.partitions import make_ahead
from app.kernel.tx import WriteTx
from tests.observability.test_signals import item, nearest_rank, send, within
from tests.support.tenants import Tenant

PATH = "/api/observability/signals:aggregate"
HOUR = timedelta(hours=1)
FUNCTIONS = ("count", "rate", "errors", "sum", "avg", "min", "max")
PERCENTILES = ("p50", "p90", "p99")


def some_items(rnd: random.Random, start: datetime, count: int, *, hours: float) -> list[dict[str, Any]]:
    return [
        item(
            start + timedelta(seconds=rnd.uniform(0, hours * 3600)),
            signal_type=rnd.choice(["METRIC", "TRACE"]),
            level=rnd.choice(["INFO", "WARN", "ERROR"]),
            service_name=rnd.choice(["flight", "dock"]),
            status_code=rnd.choice([None, 200, 500]),
            numeric_value=rnd.choice([None, 0, rnd.gauss(0, 50), rnd.expovariate(1e-4)]),
            duration_ms=rnd.choice([None, rnd.expovariate(0.02)]),
        )
        for _ in range(count)
    ]


def roll_up(tenant: Tenant) -> int:
    """Until nothing waits, as it will be when the current minute is over."""

    def later(tx: WriteTx) -> int:
        tx.now += timedelta(minutes=2)
        return rollup.roll_up(tx)

    done = 0
    while found := within(tenant, later):
        done += found
    return done


def ask(tenant: Tenant, **wanted: Any) -> dict[str, Any]:
    answer = tenant.client.post(PATH, json=wanted)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def values(answer: dict[str, Any]) -> dict[tuple[Any, ...], list[Any]]:
    return {
        tuple(series["group"].values()): [point["value"] for point in series["points"]]
        for series in answer["series"]
    }


def compare(tenant: Tenant, start: datetime, end: datetime, source: str, **more: Any) -> int:
    compared = 0
    for field in ("numeric_value", "duration_ms"):
        for fn in (*FUNCTIONS, *PERCENTILES):
            wanted = {"fn": fn, "field": field, "from_ts": start.isoformat(), "to_ts": end.isoformat()} | more
            raw, rolled = (values(ask(tenant, source=one, **wanted)) for one in ("raw", source))
            assert raw.keys() == rolled.keys()
            for group, exact in raw.items():
                near = [
                    pytest.approx(value, rel=0.0101 if fn in PERCENTILES else 1e-9, abs=1e-6)
                    for value in exact
                ]
                assert rolled[group] == near, (fn, field, group)
                compared += sum(value is not None for value in exact)
    return compared


def test_rollups_equal_raw_late_signals_included(tenant: Tenant) -> None:
    rnd = random.Random(104)  # noqa: S311 a fixed seed
    end = rollup.hour_of(datetime.now(UTC))
    start = end - 4 * HOUR
    for size in (900, 300, 40):  # the later ones are late: their minutes were rolled up before
        send(tenant, some_items(rnd, start, size, hours=4))
        assert roll_up(tenant) == 1
        for source, step in (("1m", 60 * 20), ("1h", 3600)):
            grouped = compare(
                tenant, start, end, source, step_seconds=step, group_by=["service_name", "level"]
            )
            assert grouped > 300
        assert compare(tenant, start, end, "1h", signal_type="METRIC") > 0
    assert roll_up(tenant) == 0


def test_a_second_run_changes_nothing(tenant: Tenant) -> None:
    rnd = random.Random(7)  # noqa: S311 a fixed seed
    start = rollup.hour_of(datetime.now(UTC)) - 2 * HOUR
    send(tenant, some_items(rnd, start, 200, hours=2))
    roll_up(tenant)

    def again(tx: WriteTx) -> None:
        rows = "SELECT r::text FROM signal_rollup r ORDER BY 1"
        before = tx.conn.exec_driver_sql(rows).all()
        tx.conn.exec_driver_sql("UPDATE signal_batch SET rolled_up = false")
        rollup.roll_up(tx)
        assert len(before) > 100
        assert tx.conn.exec_driver_sql(rows).all() == before

    within(tenant, again)


def test_a_batch_waits_for_its_last_minute_and_the_answer_says_until_when_it_holds(tenant: Tenant) -> None:
    now = datetime.now(UTC)
    minute = now.replace(second=0, microsecond=0)
    send(tenant, [item(now)])

    def at_once(tx: WriteTx) -> None:
        tx.now = minute + timedelta(seconds=59)
        assert rollup.roll_up(tx) == 0
        assert rollup.data_through(tx, 60) == minute
        tx.now = minute + timedelta(seconds=60)
        assert rollup.roll_up(tx) == 1
        assert rollup.data_through(tx, 60) == minute + timedelta(minutes=1)

    within(tenant, at_once)
    window = {"from_ts": (minute - HOUR).isoformat(), "to_ts": (minute + timedelta(minutes=1)).isoformat()}
    answer = ask(tenant, fn="count", source="1m", **window)
    assert (answer["data_source"], values(answer)[()]) == ("1m", [1.0])


def test_an_hour_without_a_last_minute_is_made_when_it_is_over(tenant: Tenant) -> None:
    hour = rollup.hour_of(datetime.now(UTC)) - 3 * HOUR
    send(tenant, [item(hour + timedelta(minutes=5))])

    def run(tx: WriteTx) -> list[Any]:
        tx.now = hour + timedelta(minutes=10)
        assert rollup.roll_up(tx) == 1
        tx.now = hour + HOUR + timedelta(minutes=1)
        assert rollup.roll_up(tx) == 0
        query = "SELECT bucket_at, total FROM signal_rollup WHERE resolution = 3600"
        return [tuple(row) for row in tx.conn.exec_driver_sql(query)]

    assert within(tenant, run) == [(hour, 1)]


def test_the_source_follows_the_range_and_the_step(tenant: Tenant) -> None:
    now = datetime.now(UTC)

    def chosen(ago: timedelta, **more: Any) -> str:
        answer = ask(tenant, fn="count", from_ts=(now - ago).isoformat(), to_ts=now.isoformat(), **more)
        return str(answer["data_source"])

    assert chosen(HOUR) == "raw"
    assert chosen(HOUR, step_seconds=1) == "raw"
    assert chosen(timedelta(days=1), step_seconds=60) == "1m"
    assert chosen(timedelta(days=1), step_seconds=90) == "raw"
    assert chosen(timedelta(days=30), step_seconds=86400) == "1h"
    assert chosen(timedelta(days=300)) == "1h"
    assert chosen(timedelta(days=30), labels={"host": "a"}) == "raw"
    assert chosen(HOUR, source="1h") == "1h"


def test_labels_are_of_the_series_or_of_the_detail(tenant: Tenant) -> None:
    now = datetime.now(UTC)
    send(tenant, [item(now, detail={"host": host}, duration_ms=n) for n, host in enumerate("aab", start=1)])
    window = {"from_ts": (now - HOUR).isoformat(), "to_ts": (now + HOUR).isoformat()}
    by_host = ask(tenant, fn="sum", field="duration_ms", group_by=["label.host"], **window)
    assert values(by_host) == {("a",): [3.0], ("b",): [3.0]}
    only = ask(tenant, fn="count", labels={"host": "a"}, group_by=["level"], **window)
    assert values(only) == {("INFO",): [2.0]}
    injected = ask(tenant, fn="count", labels={"ho'st": "'; DROP TABLE signal"}, **window)
    assert values(injected) == {(): [0.0]}


def test_gaps_are_null_and_a_count_of_nothing_is_zero(tenant: Tenant) -> None:
    start = datetime.now(UTC) - timedelta(minutes=10)
    send(tenant, [item(start, duration_ms=5), item(start + timedelta(minutes=4), duration_ms=7)])
    wanted = {
        "field": "duration_ms",
        "from_ts": start.isoformat(),
        "to_ts": (start + timedelta(minutes=6)).isoformat(),
        "step_seconds": 120,
    }
    assert values(ask(tenant, fn="max", **wanted)) == {(): [5, None, 7]}
    assert values(ask(tenant, fn="count", **wanted)) == {(): [1, 0, 1]}
    assert values(ask(tenant, fn="rate", **wanted)) == {(): [1 / 120, 0, 1 / 120]}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"to_ts": "2026-01-01T00:00:00Z"}, "validation_failed"),
        ({"step_seconds": 1, "from_ts": "2026-01-01T00:00:00Z"}, "range_too_fine"),
        ({"source": "1h", "step_seconds": 90}, "not_rolled_up"),
        ({"source": "1m", "fn": "increase"}, "not_rolled_up"),
        ({"group_by": ["message"]}, "validation_failed"),
        ({"colour": "red"}, "validation_failed"),
    ],
)
def test_a_wrong_question_is_422(tenant: Tenant, change: dict[str, Any], code: str) -> None:
    now = datetime.now(UTC)
    body = {"fn": "count", "from_ts": (now - HOUR).isoformat(), "to_ts": now.isoformat()} | change
    answer = tenant.client.post(PATH, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text


@given(
    st.lists(st.floats(-1e12, 1e12, allow_subnormal=False), min_size=1, max_size=60),
    st.sampled_from([0.5, 0.9, 0.99]),
)
@settings(deadline=None)
def test_a_sketch_is_within_one_percent(numbers: list[float], q: float) -> None:
    numbers = [number if abs(number) > 1e-300 else 0.0 for number in numbers]
    halves = [{}, {}]  # type: list[dict[str, int]]
    for place, number in enumerate(numbers):
        half = halves[place % 2]
        half[sketch.key(number)] = half.get(sketch.key(number), 0) + 1
    merged = {name: halves[0].get(name, 0) + halves[1].get(name, 0) for name in halves[0] | halves[1]}
    found = sketch.quantile(merged, q)
    exact = nearest_rank(numbers, q)
    assert found is not None
    assert math.isclose(found, exact, rel_tol=0.01 + 1e-9, abs_tol=1e-12)


def test_the_database_and_python_choose_the_same_bucket(tenant: Tenant) -> None:
    rnd = random.Random(3)  # noqa: S311 a fixed seed
    numbers = [0.0, 1.0, -1.0, 1e-300, 1e300, *(rnd.gauss(0, 10 ** rnd.randint(-9, 9)) for _ in range(500))]
    query = f"SELECT {sketch.sql_key('x')} FROM unnest(%s::float8[]) WITH ORDINALITY AS v(x, n) ORDER BY n"
    with psycopg.connect(tenant.server.urls.superuser_url) as conn:
        found = [row[0] for row in conn.execute(query, (numbers,))]
    for number, bucket in zip(numbers, found, strict=True):
        assert sketch.value_of(bucket) == pytest.approx(number, rel=0.0101, abs=0)


def test_partitions_are_made_by_the_app_role_and_walled_like_any_table(tenant: Tenant) -> None:
    within(tenant, make_ahead)
    assert within(tenant, make_ahead) == 0
    today = datetime.now(UTC).date()
    with psycopg.connect(tenant.server.urls.superuser_url) as conn:
        from tests.migrations import catalog

        names = catalog.tenant_tables(conn)
        for ahead in range(4):
            assert f"signal_{today + timedelta(days=ahead):%Y%m%d}" in names
        for rule in (
            catalog.policies_are_exactly_the_two,
            catalog.row_security_is_enabled_and_forced,
            catalog.grants_are_narrow,
            catalog.the_app_role_owns_nothing,
        ):
            assert rule(conn) == []
    with psycopg.connect(tenant.server.urls.app_url) as app:
        for call in ("signal_partitions_make(15)", "signal_partitions_make(-1)", "signal_partitions_drop(0)"):
            with pytest.raises(psycopg.errors.InvalidParameterValue), app.transaction():
                app.execute(f"SELECT {call}")


def test_a_partition_goes_when_the_longest_retention_is_over(tenant: Tenant) -> None:
    today = datetime.now(UTC).date()
    old, older = (f"signal_{today - timedelta(days=days):%Y%m%d}" for days in (36, 52))

    def left() -> list[str]:
        with psycopg.connect(tenant.server.urls.superuser_url) as conn:
            return [
                name
                for name in (old, older)
                if conn.execute("SELECT to_regclass(%s)", (name,)).fetchone() != (None,)
            ]

    with psycopg.connect(tenant.server.urls.owner_url) as owner:
        for name, days in ((old, 36), (older, 52)):
            day = today - timedelta(days=days)
            bounds = f"FROM ('{day} 00:00+00') TO ('{day + timedelta(days=1)} 00:00+00')"
            owner.execute(f"CREATE TABLE {name} PARTITION OF signal FOR VALUES {bounds}")
    settings_path = "/api/observability/signals/settings"
    assert tenant.client.put(settings_path, json={"raw_days": 51}).is_success
    from app.domains.observability.signals.partitions import drop_expired

    assert within(tenant, lambda tx: drop_expired(tx, 35)) == 1
    assert left() == [old]
    assert tenant.client.put(settings_path, json={"raw_days": 35}).is_success
    assert within(tenant, lambda tx: drop_expired(tx, 35)) == 1
    assert left() == []
