from app.domains.observability.alerts.api import router as alerts
from app.domains.observability.errors import CONSTRAINTS
from app.domains.observability.external.api import router as external
from app.domains.observability.ingest.api import router as ingest
from app.domains.observability.oncall.api import router as oncall
from app.domains.observability.permissions import ALL
from app.domains.observability.rules.api import router as rules
from app.domains.observability.rules.evaluate import EVALUATE
from app.domains.observability.rules.reaction import REACT, queue_reactions
from app.kernel.module import Module
from app.kernel.relay import Outlet

OUTLET: Outlet = queue_reactions

module = Module(
    "observability",
    routers=[
        alerts,
        external,
        oncall,
        rules,
        ingest,
    ],
    permissions=ALL,
    constraints=CONSTRAINTS,
    jobs=[
        EVALUATE,
        REACT,
    ],
)
