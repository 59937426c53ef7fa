"""What assets raise: CRITICAL reports, overdue work, and work that closes the alert it was opened for."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from app.domains.assets.watch import watch_fleet
from tests.observability.alerts_resources import alert
from tests.observability.conftest import Working
from tests.support.fleet import Fleet
from tests.support.tenants import Tenant

ALERTS = "/api/observability/alerts"
ORDERS = "/api/assets/maintenance/workorders"


def asset(tenant: Tenant, code: str = "UAV-1") -> str:
    return str(tenant.post("/api/assets", asset_type="UAV", asset_code=code, name=code)["id"])


def report(tenant: Tenant, asset_id: str, status: str, **more: Any) -> None:
    tenant.post(f"/api/assets/{asset_id}/health", health_status=status, **more)


def alerts(tenant: Tenant, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tenant.client.get(ALERTS, params=query).json()
    return found


def test_a_critical_report_raises_and_a_better_one_resolves(tenant: Tenant) -> None:
    asset_id = asset(tenant)
    for _ in range(2):
        report(tenant, asset_id, "CRITICAL", health_score=12)
    (row,) = alerts(tenant)
    assert (row["source"], row["key"], row["subject"]) == ("ASSETS", "asset.health", f"asset:{asset_id}")
    assert (row["severity"], row["status"], row["value"]) == ("P1", "OPEN", 12)
    report(tenant, asset_id, "UNKNOWN")
    assert alerts(tenant)[0]["status"] == "OPEN"
    report(tenant, asset_id, "DEGRADED")
    (row,) = alerts(tenant)
    assert (row["status"], row["close_reason"]) == ("CLOSED", "The asset was reported DEGRADED.")


def test_the_alert_names_the_report_as_its_cause(tenant: Tenant, relay: Any) -> None:
    asset_id = asset(tenant)
    report(tenant, asset_id, "CRITICAL")
    relay(tenant)
    thread = tenant.client.get("/api/thread", params={"ref": f"asset:{asset_id}"}).json()
    lines = {line["type"]: line for line in thread}
    assert lines["alert.created"]["cause"]["id"] == lines["asset.health_updated"]["id"]


def test_retiring_resolves(tenant: Tenant) -> None:
    asset_id = asset(tenant)
    report(tenant, asset_id, "CRITICAL")
    tenant.post(f"/api/assets/{asset_id}/retire", reason="crashed")
    assert [row["close_reason"] for row in alerts(tenant)] == ["The asset was retired."]


def test_work_opened_for_an_alert_closes_it(tenant: Tenant, relay: Any) -> None:
    asset_id = asset(tenant)
    report(tenant, asset_id, "CRITICAL")
    (found,) = alerts(tenant)
    path = f"/api/assets/{asset_id}:open-work-order"
    version = tenant.client.get(f"/api/assets/{asset_id}").headers["etag"]
    made = tenant.client.post(
        path, json={"alert_id": found["id"], "title": "Look", "priority": 1}, headers={"If-Match": version}
    )
    assert made.status_code == 201, made.text
    order = made.json()
    assert (order["asset_id"], order["priority"], order["status"]) == (asset_id, 1, "OPEN")
    assert alerts(tenant)[0]["work_ref"] == f"workorder:{order['id']}"
    tenant.post(f"{ORDERS}/{order['id']}/close", note="done")
    (row,) = alerts(tenant)
    assert (row["status"], row["close_reason"]) == ("CLOSED", "Work done: Look")
    refused = tenant.client.post(path, json={"alert_id": found["id"], "title": "Again"})
    assert (refused.status_code, refused.json()["code"]) == (409, "alert_closed")
    assert len(tenant.client.get(ORDERS).json()) == 1
    relay(tenant)
    thread = tenant.client.get("/api/thread", params={"ref": f"workorder:{order['id']}"}).json()
    assert {"alert.work_linked", "alert.closed"} <= {line["type"] for line in thread}


def test_canceled_work_leaves_its_alert_open(tenant: Tenant) -> None:
    asset_id, alert_id = asset(tenant), alert(tenant)
    order = tenant.post(f"/api/assets/{asset_id}:open-work-order", alert_id=alert_id, title="Look")
    tenant.post(f"{ORDERS}/{order['id']}/transition", status="CANCELED")
    assert alerts(tenant)[0]["status"] == "OPEN"


@pytest.mark.parametrize("end", ["close", "cancel"])
def test_overdue_work_raises_until_it_is_over(
    tenant: Tenant, fleet: Fleet, working: Working, end: str
) -> None:
    asset_id = asset(tenant)
    order = tenant.post(ORDERS, asset_id=asset_id, title="Rotor")
    with working() as tx:
        begun = tx.now
        watch_fleet(tx)
    assert alerts(tenant) == []
    for _ in range(2):
        with working(begun + timedelta(days=7, minutes=1)) as tx:
            watch_fleet(tx)
    (row,) = alerts(tenant)
    assert (row["key"], row["subject"]) == ("work_order.overdue", f"workorder:{order['id']}")
    assert row["occurrences"] == 1
    if end == "close":
        tenant.post(f"{ORDERS}/{order['id']}/close")
    else:
        tenant.post(f"{ORDERS}/{order['id']}/transition", status="CANCELED")
    assert alerts(tenant)[0]["status"] == "CLOSED"


def test_an_expected_end_counts_instead_of_the_seven_days(tenant: Tenant, working: Working) -> None:
    asset_id = asset(tenant)
    with working() as tx:
        begun = tx.now
    for title, days in (("soon", 1), ("late", 30)):
        end = (begun + timedelta(days=days)).isoformat()
        tenant.post(ORDERS, asset_id=asset_id, title=title, expected_end_at=end)
    with working(begun + timedelta(days=8)) as tx:
        watch_fleet(tx)
    assert [row["title"] for row in alerts(tenant)] == ["Work order overdue: soon"]


def test_the_watch_puts_right_what_an_older_release_wrote(
    tenant: Tenant, working: Working, raw: psycopg.Connection
) -> None:
    sick, well = asset(tenant, "A"), asset(tenant, "B")
    report(tenant, well, "CRITICAL")
    order = tenant.post(ORDERS, asset_id=sick, title="Old", expected_end_at="2199-01-01T00:00:00Z")
    raw.execute(
        "UPDATE work_order SET expected_end_at = now() - interval '1 hour' WHERE id = %s", (order["id"],)
    )
    with working() as tx:
        watch_fleet(tx)
    assert len(alerts(tenant, status="OPEN")) == 2
    raw.execute("UPDATE asset SET health_status = 'CRITICAL' WHERE id = %s", (sick,))
    raw.execute("UPDATE asset SET health_status = 'HEALTHY' WHERE id = %s", (well,))
    raw.execute("UPDATE work_order SET status = 'CANCELED' WHERE id = %s", (order["id"],))
    with working() as tx:
        watch_fleet(tx)
    assert [row["subject"] for row in alerts(tenant, status="OPEN")] == [f"asset:{sick}"]


def test_the_watch_respects_what_was_closed(
    tenant: Tenant, working: Working, raw: psycopg.Connection
) -> None:
    asset_id = asset(tenant)
    report(tenant, asset_id, "CRITICAL")
    order = tenant.post(ORDERS, asset_id=asset_id, title="Rotor", expected_end_at="2199-01-01T00:00:00Z")
    raw.execute(
        "UPDATE work_order SET expected_end_at = now() - interval '1 h' WHERE id = %s", (order["id"],)
    )
    with working() as tx:
        watch_fleet(tx)
    for row in alerts(tenant, status="OPEN"):
        tenant.post(f"{ALERTS}/{row['id']}:close")
    with working() as tx:
        watch_fleet(tx)
    assert [row["status"] for row in alerts(tenant)] == ["CLOSED", "CLOSED"]
    report(tenant, asset_id, "CRITICAL")
    assert [row["key"] for row in alerts(tenant, status="OPEN")] == ["asset.health"]


def test_foreign_alerts_and_assets_are_not_found(tenant: Tenant, rival: Tenant) -> None:
    ours, theirs = asset(tenant), asset(rival)
    for asset_id, alert_id in ((ours, alert(rival)), (theirs, alert(tenant))):
        answer = tenant.client.post(
            f"/api/assets/{asset_id}:open-work-order", json={"alert_id": alert_id, "title": "x"}
        )
        assert answer.status_code == 404
    assert tenant.client.get(ORDERS).json() == []
