from app.domains.observability.ingest.api import router as ingest
from app.domains.observability.permissions import ALL
from app.kernel.module import Module

module = Module(
    "observability",
    routers=[
        ingest,
    ],
    permissions=ALL,
)
