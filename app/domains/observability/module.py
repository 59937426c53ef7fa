from app.domains.observability.alerts.api import router as alerts
from app.domains.observability.external.api import router as external
from app.domains.observability.ingest.api import router as ingest
from app.domains.observability.oncall.api import router as oncall
from app.domains.observability.permissions import ALL
from app.kernel.module import Module

module = Module(
    "observability",
    routers=[
        alerts,
        external,
        oncall,
        ingest,
    ],
    permissions=ALL,
)
