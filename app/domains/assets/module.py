from app.domains.assets.drones.api import router as drones
from app.domains.assets.errors import CONSTRAINTS
from app.domains.assets.ledger.api import router as ledger
from app.domains.assets.permissions import ALL
from app.kernel.module import Module

module = Module("assets", routers=[drones, ledger], permissions=ALL, constraints=CONSTRAINTS)
