"""What the aircraft say: a stock OpenTelemetry exporter sends cell voltages, a rule notices, one alert is opened."""

import importlib.util
from collections.abc import Callable
from typing import Any

from story.world import World

TITLE = "Discover"
RULES, ALERTS = "/api/observability/alert-rules", "/api/observability/alerts"
MISSING = "for opentelemetry-sdk and its OTLP exporter are not installed here"
METRIC = "battery.cell.voltage"
LIMIT = 3.2


def play(world: World) -> None:
    rule = world.fleet.api.post(RULES, _rule())
    world.facts.equal(f"a rule: a cell below {LIMIT} V", rule["is_active"], True)
    world.facts.part("cell voltages by OTLP", 7, _part(world, rule["id"]), MISSING)


def _rule() -> dict[str, Any]:
    condition = {
        "kind": "threshold",
        "signal_name": METRIC,
        "fn": "min",
        "comparator": "<",
        "threshold": LIMIT,
        "clear_threshold": 3.4,
        "window_seconds": 600,
        "group_by": "labels.asset",
    }
    return {
        "name": "Cell voltage",
        "severity": "P1",
        "title_template": "{rule} low on {object}",
        "message_template": "{value} V, at least {threshold} V are wanted.",
        "runbook_url": "https://runbooks.example.com/cell-voltage",
        "condition": condition,
    }


def _part(world: World, rule_id: str) -> Callable[[], None] | None:
    wanted = "opentelemetry.exporter.otlp.proto.http"
    if importlib.util.find_spec("opentelemetry") is None or importlib.util.find_spec(wanted) is None:
        return None
    return lambda: _discover(world, rule_id)


def _discover(world: World, rule_id: str) -> None:
    api, facts = world.fleet.api, world.facts
    sick = f"asset:{world.remembered['uav']}"
    sent = _export(world, {sick: 3.05, "asset:spare": 3.9})
    facts.equal("the OpenTelemetry SDK exports two voltages", sent, "SUCCESS")
    first = api.post(f"{RULES}:evaluate", {"rule_ids": [rule_id]}, 200)
    facts.equal("the rule looks: alerts raised", first["raised_count"], 1)
    again = api.send("POST", f"{RULES}:evaluate", {"rule_ids": [rule_id]})
    world.ledger.forget(again)  # it changes nothing, so it leaves no audit row
    facts.equal("it looks again", again.json()["raised_count"], 0)
    (alert,) = api.get(ALERTS, source="RULE")
    world.remembered["alert"] = alert["id"]
    facts.equal("the one alert is about", (alert["severity"], alert["subject"]), ("P1", sick))
    types = [line["type"] for line in api.pages("/api/thread", ref=sick)]
    facts.equal("it stands in the thread of UAV-001", types[-1], "alert.created")
    foreign = world.foreign.api.send("GET", f"{ALERTS}/{alert['id']}")
    facts.equal("the rival asks for it", foreign.status_code, 404)
    answered = api.post(f"{ALERTS}/{alert['id']}:ack", {"note": "looking"}, 200)
    facts.equal("somebody takes it on", answered["status"], "ACKED")


def _export(world: World, volts: dict[str, float]) -> str:
    """One reading of a gauge, as the stock SDK sends it."""
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415

    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], resource=Resource({"service.name": "battery-monitor"}))
    gauge = provider.get_meter("story").create_gauge(METRIC, unit="V")
    for asset, value in volts.items():
        gauge.set(value, {"asset": asset})
    exporter = OTLPMetricExporter(
        endpoint=f"{world.base_url}/api/observability/otlp/v1/metrics",
        headers={"Authorization": f"Bearer {world.fleet.api.token}"},
    )
    data = reader.get_metrics_data()
    if data is None:
        raise TimeoutError("the SDK had no readings")
    result = exporter.export(data)
    provider.shutdown()
    return result.name
