from app.domains.observability.ingest.api import router as ingest
from app.domains.observability.permissions import ALL
from app.domains.observability.signals.api import router as signals
from app.domains.observability.signals.jobs import KEEP_UP, ROLL_UP
from app.kernel.module import Module

module = Module(
    "observability",
    routers=[
        *(ingest, signals),
    ],
    permissions=ALL,
    jobs=[
        *(ROLL_UP, KEEP_UP),
    ],
)
