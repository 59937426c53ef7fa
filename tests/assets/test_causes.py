"""A reservation that something broke into names what broke into it, and what made it whole again."""

from collections.abc import Callable
from typing import Any

from tests.support.tenants import Tenant

PERIOD = {"starts_at": "2099-01-01T00:00:00Z", "ends_at": "2099-01-02T00:00:00Z"}


def causes(tenant: Tenant, subject: str) -> list[tuple[str, str | None]]:
    """Each event of the subject with the type of the event that caused it."""
    rows: list[dict[str, Any]] = tenant.client.get("/api/events", params={"limit": 1000}).json()
    types = {row["id"]: row["type"] for row in rows}
    return [(row["type"], types.get(row["causation_id"])) for row in rows if row["subject"] == subject]


def test_at_risk_and_restored_name_their_cause(tenant: Tenant, relay: Callable[[Tenant], int]) -> None:
    asset = tenant.post("/api/assets", asset_type="UAV", asset_code="U-1", name="One")
    held = tenant.post("/api/assets/reservations", asset_id=asset["id"], **PERIOD)
    until = {"until": "2099-01-01T12:00:00Z"}
    tenant.post(f"/api/assets/{asset['id']}:ground", reason="Cracked arm", **until)
    tenant.post(f"/api/assets/{asset['id']}:release")
    order = tenant.post(
        "/api/assets/maintenance/workorders",
        asset_id=asset["id"],
        title="Replace arm",
        expected_end_at="2099-01-01T12:00:00Z",
    )
    path = f"/api/assets/maintenance/workorders/{order['id']}"
    tenant.post(f"{path}/transition", status="IN_PROGRESS")
    tenant.post(f"{path}/close")
    relay(tenant)
    assert causes(tenant, f"reservation:{held['id']}") == [
        ("reservation.made", None),
        ("reservation.at_risk", "asset.grounded"),
        ("reservation.restored", "asset.released"),
        ("reservation.at_risk", "asset.maintenance_workorder.status_changed"),
        ("reservation.restored", "asset.maintenance_workorder.closed"),
    ]
