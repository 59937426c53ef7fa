from app.domains.observability.alerts.api import router as alerts
from app.domains.observability.backups.api import router as backups
from app.domains.observability.backups.jobs import JOBS as BACKUP_JOBS
from app.domains.observability.backups.jobs import SUBSCRIPTIONS as BACKUP_SUBSCRIPTIONS
from app.domains.observability.capacity.api import router as capacity
from app.domains.observability.capacity.jobs import JOBS as CAPACITY_JOBS
from app.domains.observability.errors import CONSTRAINTS as ALERT_CONSTRAINTS
from app.domains.observability.escalation.api import router as escalation
from app.domains.observability.external.api import router as external
from app.domains.observability.ingest.api import router as ingest
from app.domains.observability.ingest.noticed import SUBSCRIPTIONS as NOTICED
from app.domains.observability.ingest.otlp.api import router as otlp
from app.domains.observability.ingest.remote_write.api import router as remote_write
from app.domains.observability.inspections.api import router as inspections
from app.domains.observability.inspections.run import DAILY, INSPECT
from app.domains.observability.notify.api import notifications, receivers, routes
from app.domains.observability.notify.outbox import DELIVER
from app.domains.observability.oncall.api import router as oncall
from app.domains.observability.permissions import ALL
from app.domains.observability.rules.api import router as rules
from app.domains.observability.rules.evaluate import EVALUATE
from app.domains.observability.rules.reaction import REACT, queue_reactions
from app.domains.observability.signals.api import router as signals
from app.domains.observability.signals.jobs import KEEP_UP, ROLL_UP
from app.domains.observability.slo.api import router as slo
from app.domains.observability.slo.budget_api import router as slo_budgets
from app.domains.observability.slo.errors import CONSTRAINTS as SLO_CONSTRAINTS
from app.domains.observability.slo.jobs import JOBS as SLO_JOBS
from app.domains.observability.slo.openslo_api import router as openslo
from app.domains.observability.suppressions.api import router as suppressions
from app.domains.observability.tell import TELL, queue_telling
from app.kernel.module import Module
from app.kernel.relay import Outlet

OUTLETS: tuple[Outlet, ...] = (queue_reactions, queue_telling)

module = Module(
    "observability",
    routers=[
        alerts,
        oncall,
        rules,
        suppressions,
        escalation,
        receivers,
        routes,
        notifications,
        external,
        ingest,
        otlp,
        remote_write,
        signals,
        slo,
        slo_budgets,
        openslo,
        backups,
        inspections,
        capacity,
    ],
    permissions=ALL,
    constraints={**ALERT_CONSTRAINTS, **SLO_CONSTRAINTS},
    jobs=[
        EVALUATE,
        REACT,
        TELL,
        DELIVER,
        ROLL_UP,
        KEEP_UP,
        *SLO_JOBS,
        *BACKUP_JOBS,
        INSPECT.job,
        DAILY,
        *CAPACITY_JOBS,
    ],
    subscriptions={**BACKUP_SUBSCRIPTIONS, **NOTICED},
)
