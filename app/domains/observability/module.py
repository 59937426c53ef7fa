from app.domains.observability.permissions import ALL
from app.kernel.module import Module

module = Module("observability", permissions=ALL)
