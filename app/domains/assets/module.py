from app.domains.assets.demo import fill
from app.domains.assets.drones.api import router as drones
from app.domains.assets.errors import CONSTRAINTS
from app.domains.assets.ledger.api import router as ledger
from app.domains.assets.permissions import ALL
from app.domains.assets.regions.api import router as regions
from app.domains.assets.reservations.api import router as reservations
from app.domains.assets.timeline.jobs import EXTEND
from app.domains.assets.watch import WATCH
from app.domains.assets.work_orders.api import for_alerts
from app.domains.assets.work_orders.api import router as work_orders
from app.kernel.module import Module

module = Module(
    "assets",
    routers=[drones, regions, reservations, work_orders, for_alerts, ledger],
    permissions=ALL,
    constraints=CONSTRAINTS,
    jobs=[EXTEND, WATCH],
    demo_data=fill,
)
