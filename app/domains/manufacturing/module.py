from app.domains.manufacturing.permissions import ALL
from app.kernel.module import Module

module = Module("manufacturing", permissions=ALL)
