from app.domains.manufacturing.bom.api import router as bom
from app.domains.manufacturing.bom.errors import CONSTRAINTS as BOM
from app.domains.manufacturing.graph.api import router as graph
from app.domains.manufacturing.graph.jobs import COMPILE
from app.domains.manufacturing.imports.api import router as imports
from app.domains.manufacturing.items.api import router as items
from app.domains.manufacturing.items.errors import CONSTRAINTS as ITEMS
from app.domains.manufacturing.permissions import ALL
from app.domains.manufacturing.seeding import begin
from app.domains.manufacturing.units.api import router as units
from app.domains.manufacturing.units.errors import CONSTRAINTS as UNITS
from app.kernel.module import Module

module = Module(
    "manufacturing",
    routers=[items, units, bom, graph, imports],
    permissions=ALL,
    constraints={**ITEMS, **UNITS, **BOM},
    jobs=[COMPILE],
    subscriptions={"identity.tenant.created": begin},
)
