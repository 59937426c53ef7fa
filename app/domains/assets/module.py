from app.domains.assets.as_built.api import router as as_built
from app.domains.assets.as_built.service import register_unit
from app.domains.assets.demo import fill
from app.domains.assets.drones.api import router as drones
from app.domains.assets.errors import CONSTRAINTS
from app.domains.assets.ledger.api import router as ledger
from app.domains.assets.parts.api import router as parts
from app.domains.assets.permissions import ALL
from app.domains.assets.regions.api import router as regions
from app.domains.assets.reservations.api import router as reservations
from app.domains.assets.timeline.jobs import EXTEND
from app.domains.assets.work_orders.api import router as work_orders
from app.kernel.module import Module

module = Module(
    "assets",
    routers=[drones, regions, reservations, work_orders, parts, as_built, ledger],
    permissions=ALL,
    constraints=CONSTRAINTS,
    jobs=[EXTEND],
    subscriptions={"production.unit_built": register_unit},
    demo_data=fill,
)
