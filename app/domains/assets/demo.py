"""A small fleet for the demo tenant: enough to see every state, made through the use cases like any other."""

from datetime import timedelta

from sqlalchemy import select

from app.domains.assets.drones import service as drones
from app.domains.assets.drones.schemas import DroneCreate
from app.domains.assets.facts.models import Asset
from app.domains.assets.ledger import service as ledger
from app.domains.assets.ledger.schemas import AssetCreate, Bind, Grounding, HealthReportCreate
from app.domains.assets.reservations import service as reservations
from app.domains.assets.reservations.schemas import ReservationCreate
from app.domains.assets.words import AssetType, HealthStatus, Vendor, WorkOrderStatus
from app.domains.assets.work_orders import service as work_orders
from app.domains.assets.work_orders.schemas import WorkOrderCreate, WorkOrderTransition
from app.kernel.tx import WriteTx

_REGIONS = ("REGION-EAST", "REGION-WEST")


def fill(tx: WriteTx) -> None:
    """Does nothing when the tenant has assets already."""
    if tx.first(select(Asset.id).limit(1)) is not None:
        return
    uavs = [_uav(tx, number) for number in range(1, 7)]
    for number, uav in enumerate(uavs[:2], 1):
        drone = drones.register(tx, DroneCreate(name=f"Kestrel-{number}", vendor=Vendor.MAVLINK))
        ledger.bind(tx, uav.id, Bind(bound_to_drone_id=drone.id, slot="airframe"))
    tomorrow = (tx.now + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    reservations.reserve(
        tx,
        ReservationCreate(
            asset_id=uavs[0].id,
            starts_at=tomorrow,
            ends_at=tomorrow + timedelta(hours=2),
            purpose="Line survey",
        ),
    )
    order = work_orders.open_order(tx, WorkOrderCreate(asset_id=uavs[2].id, title="Replace front-left motor"))
    work_orders.move(tx, order.id, WorkOrderTransition(status=WorkOrderStatus.IN_PROGRESS))
    ledger.ground(tx, uavs[3].id, Grounding(reason="Cracked arm found on inspection"))


def _uav(tx: WriteTx, number: int) -> Asset:
    asset = ledger.register(
        tx,
        AssetCreate(
            asset_type=AssetType.UAV,
            asset_code=f"UAV-{number:03}",
            name=f"Kestrel airframe {number}",
            serial_number=f"KS-{1000 + number}",
            region_code=_REGIONS[number % 2],
        ),
    )
    report = HealthReportCreate(health_status=HealthStatus.HEALTHY, health_score=100 - number)
    ledger.report_health(tx, asset.id, report)
    return asset
