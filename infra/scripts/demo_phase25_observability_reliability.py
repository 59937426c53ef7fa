"""Phase 25: signals to objectives to alerts, a backup that is restored to prove it, an inspection, a forecast.

Needs APP_BASE_URL, or runs as `infra/dev demo phase25`. Exit code 1 when a fact fails.
"""

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from blackbox.api import Api, base_url
from blackbox.facts import Facts
from blackbox.run import run
from blackbox.tenants import make_tenant, wait_ready

ROOT = "/api/observability"
TARGET = "demo-oncall@example.com"


def play(facts: Facts) -> None:
    with Api(base_url()) as anonymous:
        wait_ready(anonymous)
    tenant = make_tenant(base_url(), "Phase 25")
    api = tenant.api
    signals(facts, api)
    policy = objective(facts, api)
    recovery(facts, api, policy)
    fleet(facts, api)
    reliability(facts, api)
    inspection(facts, api)
    capacity(facts, api)
    foreign = make_tenant(base_url(), "Phase 25 rival").api
    facts.equal("another tenant's alerts", foreign.get(f"{ROOT}/alerts"), [])
    facts.equal("another tenant's signals", foreign.get(f"{ROOT}/signals"), [])


def signals(facts: Facts, api: Api) -> None:
    now = datetime.now(UTC)
    shift = api.post(
        "/api/alert/oncall/shifts",
        {
            "shift_name": "demo",
            "target": TARGET,
            "starts_at": (now - timedelta(hours=1)).isoformat(),
            "ends_at": (now + timedelta(hours=8)).isoformat(),
            "timezone": "UTC",
            "is_active": True,
            "detail": {},
        },
    )
    facts.equal("somebody is on call", shift["target"], TARGET)
    sent = api.post(
        f"{ROOT}/signals:ingest",
        {
            "items": [
                request(200, 80, trace_id="trace-1"),
                request(503, 920, level="ERROR", trace_id="trace-2", message="upstream timed out"),
            ]
        },
    )
    facts.equal("send two signals", (sent["accepted_count"], len(sent["signals"])), (2, 2))
    found = api.get(f"{ROOT}/signals", trace_id="trace-2")
    facts.equal("find one by its trace", [row["message"] for row in found], ["upstream timed out"])
    quiet = api.post(f"{ROOT}/signals:ingest", {"items": [request(200, 60)]}, Prefer="return=minimal")
    facts.equal("send without an echo", (quiet["accepted_count"], quiet["signals"]), (1, []))
    overview = api.get(f"{ROOT}/overview", window_minutes=60)
    shown = (overview["total_signals"], overview["error_signals"], overview["p95_latency_ms"])
    facts.equal("overview: signals, errors, p95 ms", shown, (3, 1, 920.0))
    wrong = api.send("POST", f"{ROOT}/signals:ingest", {"items": [request(200, 1), {"signal_type": "SMELL"}]})
    pointers = [error["pointer"] for error in wrong.json().get("errors", [])]
    facts.fact(
        "a bad item is named and nothing is stored",
        ", ".join(pointers[:2]),
        holds=wrong.status_code == 422
        and any(pointer.startswith("#/items/1/") for pointer in pointers)
        and api.get(f"{ROOT}/overview")["total_signals"] == 3,
    )


def objective(facts: Facts, api: Api) -> str:
    body = {
        "policy_key": "gateway-availability",
        "service_name": "gateway",
        "signal_name": "request",
        "target_ratio": 0.99,
        "latency_threshold_ms": 500,
        "window_minutes": 5,
        "minimum_samples": 1,
        "alert_severity": "P1",
    }
    policy = api.post(f"{ROOT}/slo/policies", body)
    facts.equal("an objective of 99 %", policy["target_ratio"], 0.99)
    again = api.send("POST", f"{ROOT}/slo/policies", body)
    facts.equal("the same key again", again.status_code, 409)
    dry = api.post(f"{ROOT}/slo:evaluate", {"policy_ids": [policy["id"]], "dry_run": True}, 200)
    facts.equal("evaluate without writing", (dry["breached_count"], dry["alerts_created"]), (1, 0))
    facts.equal("nothing was written", api.get(f"{ROOT}/slo/evaluations"), [])
    first = api.post(f"{ROOT}/slo:evaluate", {"policy_ids": [policy["id"]], "dry_run": False}, 200)
    facts.equal("evaluate", (first["breached_count"], first["alerts_created"]), (1, 1))
    for _ in range(2):
        api.post(f"{ROOT}/slo:evaluate", {"policy_ids": [policy["id"]]}, 200)
    alerts = api.get(f"{ROOT}/alerts", source="SLO")
    shown = [(row["status"], row["severity"], row["target"]) for row in alerts]
    facts.equal("three evaluations, one alert, for who is on call", shown, [("OPEN", "P1", TARGET)])
    acked = api.post(f"{ROOT}/alerts/{alerts[0]['id']}:ack", {}, 200)
    facts.equal("take it on", acked["status"], "ACKED")
    return str(policy["id"])


def recovery(facts: Facts, api: Api, policy_id: str) -> None:
    good = [request(200, 40) for _ in range(500)]
    api.post(f"{ROOT}/signals:ingest", {"items": good}, Prefer="return=minimal")
    after = api.post(f"{ROOT}/slo:evaluate", {"policy_ids": [policy_id]}, 200)
    facts.equal("500 good requests later", after["breached_count"], 0)
    alerts = api.get(f"{ROOT}/alerts", source="SLO")
    facts.equal("the alert closed itself", [row["status"] for row in alerts], ["CLOSED"])
    late = api.send("POST", f"{ROOT}/alerts/{alerts[0]['id']}:ack", {})
    facts.equal("take on a closed alert", late.status_code, 409)
    overview = api.get(f"{ROOT}/slo/overview")
    shown = (overview["policy_count"], overview["healthy_count"], overview["breached_count"])
    facts.equal("objectives: all, healthy, breached", shown, (1, 1, 0))


def fleet(facts: Facts, api: Api) -> None:
    asset = api.post("/api/assets", {"asset_type": "UAV", "asset_code": "UAV-25", "name": "Kestrel 25"})
    api.post(f"/api/assets/{asset['id']}/health", {"health_status": "CRITICAL", "health_score": 9}, 200)
    alert = api.get(f"{ROOT}/alerts", source="ASSETS")[0]
    facts.equal("a CRITICAL aircraft raises", (alert["status"], alert["subject"]), subject_of(asset))
    order = api.post(
        f"/api/assets/{asset['id']}:open-work-order", {"alert_id": alert["id"], "title": "Find out why"}
    )
    linked = api.get(f"{ROOT}/alerts/{alert['id']}")
    facts.equal("work opened from it", linked["work_ref"], f"workorder:{order['id']}")
    api.post(f"/api/assets/maintenance/workorders/{order['id']}/close", {"note": "pack replaced"}, 200)
    facts.equal("the work is done", api.get(f"{ROOT}/alerts/{alert['id']}")["status"], "CLOSED")


def subject_of(asset: dict[str, Any]) -> tuple[str, str]:
    return "OPEN", f"asset:{asset['id']}"


def reliability(facts: Facts, api: Api) -> None:
    made = api.post(f"{ROOT}/backups:runs", {"run_type": "FULL", "is_drill": False, "detail": {}})
    facts.equal("back the tenant up", made["status"], "SUCCESS")
    drill = api.post(f"{ROOT}/backups/runs/{made['id']}:restore-drill", {"objective_rto_seconds": 300})
    came = (
        f"{drill['status']} in {drill['actual_rto_seconds']} s, objective {drill['objective_rto_seconds']} s"
    )
    facts.fact("restore it into a scratch database", came, holds=drill["status"] == "PASSED")
    listed = [row["id"] for row in api.get(f"{ROOT}/backups/restore-drills")]
    facts.equal("the drill is on record", listed, [drill["id"]])


def inspection(facts: Facts, api: Api) -> None:
    found = api.post(f"{ROOT}/security-inspections:runs", {"baseline_version": "phase25-v1"})
    counted = found["passed_checks"] + found["warned_checks"] + found["failed_checks"]
    came = (
        f"{found['passed_checks']} passed, {found['warned_checks']} warned, {found['failed_checks']} failed"
    )
    facts.fact("inspect this installation", came, holds=counted == found["total_checks"] >= 12)
    checks = {item["check_key"]: item["status"] for item in found["items"]}
    facts.equal("row security of every table", checks["database.row_security"], "PASS")
    facts.equal("one tenant asks for another's rows", checks["database.cross_tenant_probe"], "PASS")


def capacity(facts: Facts, api: Api) -> None:
    meter = "drones.storage.used"
    path = f"{ROOT}/capacity/policies/{meter}"
    body = {"target_utilization_pct": 75, "scale_out_threshold_pct": 85, "scale_in_threshold_pct": 55}
    policy = api.put(path, body | {"current_replicas": 2})
    facts.equal("a capacity policy", policy["meter_key"], meter)
    wrong = api.send("PUT", path, body | {"min_replicas": 5, "max_replicas": 2})
    facts.equal("bounds that contradict each other", wrong.status_code, 409)
    nothing = api.post(f"{ROOT}/capacity:forecast", {"meter_key": meter})
    facts.equal("no samples: advice", nothing["decision"], "INSUFFICIENT_DATA")
    samples = [
        {"signal_type": "METRIC", "service_name": "capacity", "signal_name": meter, "numeric_value": value}
        for value in (91, 90)
    ]
    api.post(f"{ROOT}/signals:ingest", {"items": samples})
    advice = api.post(f"{ROOT}/capacity:forecast", {"meter_key": meter, "sample_minutes": 180})
    shown = (advice["decision"], advice["predicted_usage"])
    facts.equal("91 and 90 % used: advice", shown, ("SCALE_OUT", 90.5))
    facts.fact("replicas", advice["recommended_replicas"], holds=advice["recommended_replicas"] > 2)


def request(status: int, milliseconds: float, **more: Any) -> dict[str, Any]:
    """One request that the gateway answered."""
    return {
        "signal_type": "TRACE",
        "service_name": "gateway",
        "signal_name": "request",
        "status_code": status,
        "duration_ms": milliseconds,
    } | more


if __name__ == "__main__":
    sys.exit(run(play))
