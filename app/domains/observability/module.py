from app.domains.observability.alerts.api import router as alerts
from app.domains.observability.errors import CONSTRAINTS
from app.domains.observability.escalation.api import router as escalation
from app.domains.observability.external.api import router as external
from app.domains.observability.ingest.api import router as ingest
from app.domains.observability.notify.api import notifications, receivers, routes
from app.domains.observability.notify.outbox import DELIVER
from app.domains.observability.oncall.api import router as oncall
from app.domains.observability.permissions import ALL
from app.domains.observability.rules.api import router as rules
from app.domains.observability.rules.evaluate import EVALUATE
from app.domains.observability.rules.reaction import REACT, queue_reactions
from app.domains.observability.suppressions.api import router as suppressions
from app.domains.observability.tell import TELL, queue_telling
from app.kernel.module import Module
from app.kernel.relay import Outlet

OUTLETS: tuple[Outlet, ...] = (queue_reactions, queue_telling)

module = Module(
    "observability",
    routers=[
        alerts,
        external,
        oncall,
        rules,
        receivers,
        routes,
        notifications,
        suppressions,
        escalation,
        ingest,
    ],
    permissions=ALL,
    constraints=CONSTRAINTS,
    jobs=[
        EVALUATE,
        REACT,
        TELL,
        DELIVER,
    ],
)
