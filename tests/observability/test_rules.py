"""Alert rules on signals and on events."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from app.domains.observability.rules.evaluate import EVALUATE, evaluate_all
from app.domains.observability.rules.reaction import REACT
from app.kernel.jobs.engine import JobContext
from tests.observability.alerts_resources import rule_body
from tests.observability.conftest import Working
from tests.observability.jobs import run_queued
from tests.support.server import Server
from tests.support.tenants import Tenant

RULES = "/api/observability/alert-rules"
ALERTS = "/api/observability/alerts"


def send(tenant: Tenant, count: int = 1, **fields: Any) -> None:
    item = {"signal_type": "METRIC", "service_name": "api", "signal_name": "request"} | fields
    tenant.post("/api/observability/signals:ingest", items=[item] * count)


def make(tenant: Tenant, name: str = "Rule", **condition: Any) -> str:
    rest = {key: condition.pop(key) for key in ("title_template", "message_template") if key in condition}
    return str(tenant.post(RULES, **(rule_body(**condition) | {"name": name} | rest))["id"])


def evaluate(tenant: Tenant, **body: Any) -> Any:
    answer = tenant.client.post(f"{RULES}:evaluate", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def alerts(tenant: Tenant, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tenant.client.get(ALERTS, params=query).json()
    return found


def counts(answer: Any) -> tuple[int, int, int, int]:
    return tuple(answer[f"{word}_count"] for word in ("evaluated", "firing", "raised", "resolved"))  # type: ignore[return-value]


def test_a_threshold_raises_once_and_resolves(tenant: Tenant, working: Working) -> None:
    rule_id = make(
        tenant, "Many", title_template="{rule} on {object}", message_template="{value} > {threshold}"
    )
    send(tenant, 3)
    assert counts(evaluate(tenant)) == (1, 0, 0, 0)
    assert alerts(tenant) == []
    send(tenant)
    assert counts(evaluate(tenant)) == (1, 1, 1, 0)
    assert counts(evaluate(tenant)) == (1, 1, 0, 0)
    (row,) = alerts(tenant)
    assert (row["source"], row["rule_id"], row["subject"]) == ("RULE", rule_id, "signal:request")
    assert (row["title"], row["message"], row["value"]) == ("Many on request", "4 > 3", 4)
    with working(datetime.now(UTC) + timedelta(minutes=6)) as tx:
        evaluate_all(tx)
    (row,) = alerts(tenant)
    assert (row["status"], row["close_reason"]) == ("CLOSED", "Back to normal.")


def test_a_dry_run_writes_nothing(tenant: Tenant, raw: psycopg.Connection) -> None:
    make(tenant)
    send(tenant, 4)
    answer = evaluate(tenant, dry_run=True)
    assert counts(answer) == (1, 1, 0, 0)
    assert [(item["object"], item["value"], item["phase"]) for item in answer["items"]] == [
        ("signal:request", 4, "FIRING")
    ]
    for table in ("alert", "alert_rule_state"):
        found = raw.execute(f"SELECT count(*) FROM {table} WHERE tenant_id = %s", (tenant.id,)).fetchone()
        assert found == (0,)


def test_hysteresis_and_for(tenant: Tenant, working: Working) -> None:
    make(tenant, for_seconds=120, threshold=10, clear_threshold=5, fn="max")
    start = datetime.now(UTC)
    seen = []
    for minute, value in ((0, 11), (6, 11), (12, 12), (18, 8), (24, 4)):
        now = start + timedelta(minutes=minute)
        with working(now) as tx:
            tx.conn.exec_driver_sql(
                "INSERT INTO signal (tenant_id, occurred_at, id, signal_type, level, service_name, signal_name,"
                " numeric_value, created_by, batch_id) VALUES (%s, %s, gen_random_uuid(), 'METRIC', 'INFO', 'api',"
                " 'request', %s, 'test', gen_random_uuid())",
                (tenant.id, now, float(value)),
            )
            evaluate_all(tx)
        seen.append([row["status"] for row in alerts(tenant)])
    assert seen == [[], ["OPEN"], ["OPEN"], ["OPEN"], ["CLOSED"]]


def test_one_alert_for_each_value_of_a_grouping(tenant: Tenant) -> None:
    make(tenant, "By room", fn="avg", group_by="detail.room", threshold=10)
    for room, value in (("a", 5), ("b", 20), ("c", 30)):
        send(tenant, numeric_value=value, detail={"room": room})
    send(tenant, numeric_value=99)
    assert counts(evaluate(tenant)) == (1, 2, 2, 0)
    found = {row["subject"]: row["labels"]["room"] for row in alerts(tenant)}
    assert found == {"signal:request:b": "b", "signal:request:c": "c"}
    send(tenant, 9, numeric_value=1, detail={"room": "c"})
    assert counts(evaluate(tenant)) == (1, 1, 0, 1)


def test_any_value_of_a_grouping_makes_a_reference_that_can_be_followed(tenant: Tenant, relay: Any) -> None:
    make(tenant, fn="max", group_by="detail.room", threshold=0)
    rooms = ["hall 1 – süd", "x" * 400 + "a", "x" * 400 + "b"]
    for room in rooms:
        send(tenant, numeric_value=1, detail={"room": room})
    assert counts(evaluate(tenant)) == (1, 3, 3, 0)
    relay(tenant)
    for row in alerts(tenant):
        thread = tenant.client.get("/api/thread", params={"ref": row["subject"]})
        assert [line["type"] for line in thread.json()] == ["alert.created"]


@pytest.mark.parametrize(
    ("fn", "value"),
    [("count", 4), ("errors", 2), ("error_ratio", 0.5), ("sum", 10), ("min", 1), ("p50", 2), ("p99", 4)],
)
def test_functions(tenant: Tenant, fn: str, value: float) -> None:
    for number, more in enumerate(({}, {"level": "ERROR"}, {"status_code": 500}, {"status_code": 404}), 1):
        send(tenant, numeric_value=number, **more)
    make(tenant, fn=fn, service_name="api", signal_type="METRIC")
    (item,) = evaluate(tenant, dry_run=True)["items"]
    assert item["value"] == value


def test_sixteen_evaluations_at_once_open_one_alert(server: Server, tenant: Tenant) -> None:
    make(tenant)
    send(tenant, 4)
    context = JobContext(server.database, tenant.id, "test", "test")
    with ThreadPoolExecutor(16) as hands:
        for each in [hands.submit(context.write, evaluate_all) for _ in range(16)]:
            each.result()
    (row,) = alerts(tenant)
    assert row["occurrences"] == 16


def test_absence(tenant: Tenant, working: Working) -> None:
    make(tenant, "Silent", kind="absence", service_name="api", window_seconds=60)
    make(tenant, "Each", kind="absence", group_by="service_name", window_seconds=60)
    conditions = tenant.client.get(RULES, params={"kind": "absence"}).json()
    assert all("threshold" not in rule["condition"] for rule in conditions)
    assert [item["phase"] for item in evaluate(tenant, dry_run=True)["items"]] == ["FIRING"]
    send(tenant)
    send(tenant, service_name="web")
    assert counts(evaluate(tenant)) == (2, 0, 0, 0)
    with working(datetime.now(UTC) + timedelta(seconds=90)) as tx:
        evaluate_all(tx)
    assert {row["subject"] for row in alerts(tenant, status="OPEN")} == {
        "signal:api/request",
        "signal:request:api",
        "signal:request:web",
    }
    send(tenant)
    assert counts(evaluate(tenant))[3] == 3  # web is not late by the present clock


def test_an_event_raises_and_another_resolves(tenant: Tenant, relay: Any) -> None:
    make(
        tenant,
        "Grounded",
        kind="event",
        event_type="asset.grounded",
        match={"reason": "crash"},
        resolve_event_type="asset.released",
        message_template="{payload.reason} of {payload.asset_id}",
        title_template="{rule}: {event_type}",
    )
    assert evaluate(tenant)["evaluated_count"] == 0
    assets = [
        str(tenant.post("/api/assets", asset_type="UAV", asset_code=code, name=code)["id"]) for code in "AB"
    ]
    for asset, reason in zip(assets, ("crash", "bulletin"), strict=True):
        tenant.post(f"/api/assets/{asset}:ground", reason=reason)
    relay(tenant)
    assert run_queued(tenant, REACT) == 1
    (row,) = alerts(tenant)
    assert (row["subject"], row["title"]) == (f"asset:{assets[0]}", "Grounded: asset.grounded")
    assert row["message"] == f"crash of {assets[0]}"
    relay(tenant)
    thread = tenant.client.get("/api/thread", params={"ref": row["subject"]}).json()
    lines = {line["type"]: line for line in thread}
    assert lines["alert.created"]["cause"]["id"] == lines["asset.grounded"]["id"]
    tenant.post(f"/api/assets/{assets[0]}:release")
    relay(tenant)
    assert run_queued(tenant, REACT) == 1
    assert alerts(tenant)[0]["status"] == "CLOSED"


def test_a_rule_follows_only_events_its_author_may_read(tenant: Tenant) -> None:
    body = rule_body() | {"condition": {"kind": "event", "event_type": "asset.grounded"}}
    narrow = tenant.as_user("observability.write")
    assert narrow.post(RULES, json=body).status_code == 403
    assert tenant.as_user("observability.write", "assets.read").post(RULES, json=body).status_code == 201
    for unknown in ("asset.exploded", "alert.created"):
        body["condition"]["event_type"] = unknown
        assert tenant.client.post(RULES, json=body).status_code == 422


@pytest.mark.parametrize(
    "change",
    [
        {"condition": {"kind": "threshold", "signal_name": "x", "threshold": 1, "clear_threshold": 2}},
        {"condition": {"kind": "absence", "signal_name": "x", "window_seconds": 90, "lookback_seconds": 60}},
        {"condition": {"kind": "threshold", "signal_name": "x"}},
        {"condition": {"kind": "odd"}},
        {"condition": {"kind": "threshold", "signal_name": "x", "threshold": 1, "group_by": "id; --"}},
        {"title_template": "{nothing}"},
        {"runbook_url": "javascript:alert(1)"},
        {"labels": {"a b": "c"}},
    ],
)
def test_rules_that_make_no_sense(tenant: Tenant, change: dict[str, Any]) -> None:
    answer = tenant.client.post(RULES, json=rule_body() | change)
    assert answer.status_code == 422, answer.text


def test_changing_and_deleting_close_what_is_open(tenant: Tenant) -> None:
    first, second = make(tenant, "One"), make(tenant, "Two")
    send(tenant, 4)
    evaluate(tenant)
    path = f"{RULES}/{first}"
    assert tenant.client.patch(path, json={"name": "Two"}).json()["code"] == "alert_rule_name_taken"
    assert tenant.client.patch(path, json={"title_template": "{payload.x}"}).status_code == 422
    renamed = tenant.client.patch(path, json={"name": "Uno", "severity": "P1"})
    assert (renamed.status_code, renamed.headers["etag"]) == (200, '"2"')
    assert len(alerts(tenant, status="OPEN")) == 2
    assert evaluate(tenant, rule_ids=[first])["raised_count"] == 0
    assert {row["severity"] for row in alerts(tenant, status="OPEN")} == {"P1", "P2"}
    tenant.client.patch(path, json={"is_active": False})
    assert tenant.client.delete(f"{RULES}/{second}").status_code == 204
    assert {row["close_reason"] for row in alerts(tenant)} == {
        "The rule was switched off.",
        "The rule was deleted.",
    }
    assert tenant.client.post(f"{RULES}:evaluate", json={"rule_ids": [first]}).status_code == 404


def test_a_rule_that_fails_leaves_the_others_alone(
    tenant: Tenant, working: Working, raw: psycopg.Connection
) -> None:
    broken, whole = make(tenant, "Broken"), make(tenant, "Whole")
    raw.execute("UPDATE alert_rule SET condition = '{}' WHERE id = %s", (broken,))
    send(tenant, 4)
    with working() as tx:
        evaluate_all(tx)
    assert [row["rule_id"] for row in alerts(tenant)] == [whole]
    assert EVALUATE.cron == "* * * * *"


def gauge(name: str, **labelled: float) -> dict[str, Any]:
    """An OTLP/HTTP body (JSON encoding) with one point for each value of the attribute `unit`."""
    points = [
        {
            "asDouble": value,
            "timeUnixNano": str(int(datetime.now(UTC).timestamp() * 1e9)),
            "attributes": [{"key": "unit", "value": {"stringValue": unit}}],
        }
        for unit, value in labelled.items()
    ]
    metric = {"name": name, "gauge": {"dataPoints": points}}
    return {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}


def test_series_are_told_apart_by_their_labels_and_an_object_named_is_the_subject(tenant: Tenant) -> None:
    asset = tenant.post("/api/assets", asset_type="BATTERY", asset_code="B-1", name="One")
    named = f"asset:{asset['id']}"
    sent = tenant.client.post(
        "/api/observability/otlp/v1/metrics",
        json=gauge("cell.voltage", **{named: 2.9, "spare": 2.8, "good": 3.9}),
    )
    assert sent.status_code == 200, sent.text
    make(
        tenant,
        kind="threshold",
        signal_name="cell.voltage",
        fn="min",
        comparator="<",
        threshold=3.2,
        group_by="labels.unit",
    )
    assert evaluate(tenant)["raised_count"] == 2
    assert {row["subject"] for row in alerts(tenant)} == {named, "signal:cell.voltage:spare"}
    assert {row["labels"]["unit"] for row in alerts(tenant)} == {named, "spare"}
