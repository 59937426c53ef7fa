from app.domains.manufacturing.items.api import router as items
from app.domains.manufacturing.items.errors import CONSTRAINTS as ITEMS
from app.domains.manufacturing.permissions import ALL
from app.domains.manufacturing.seeding import begin
from app.domains.manufacturing.units.api import router as units
from app.domains.manufacturing.units.errors import CONSTRAINTS as UNITS
from app.kernel.module import Module

module = Module(
    "manufacturing",
    routers=[items, units],
    permissions=ALL,
    constraints={**ITEMS, **UNITS},
    subscriptions={"identity.tenant.created": begin},
)
