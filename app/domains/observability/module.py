from app.domains.observability.ingest.api import router as ingest
from app.domains.observability.ingest.otlp.api import router as otlp
from app.domains.observability.ingest.remote_write.api import router as remote_write
from app.domains.observability.permissions import ALL
from app.domains.observability.signals.api import router as signals
from app.domains.observability.signals.jobs import KEEP_UP, ROLL_UP
from app.kernel.module import Module

module = Module(
    "observability",
    routers=[
        *(ingest, otlp, remote_write, signals),
    ],
    permissions=ALL,
    jobs=[
        *(ROLL_UP, KEEP_UP),
    ],
)
