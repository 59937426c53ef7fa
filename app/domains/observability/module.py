from app.domains.observability.alerts.api import router as alerts
from app.domains.observability.backups.api import router as backups
from app.domains.observability.backups.jobs import JOBS as BACKUP_JOBS
from app.domains.observability.backups.jobs import SUBSCRIPTIONS as BACKUP_SUBSCRIPTIONS
from app.domains.observability.external.api import router as external
from app.domains.observability.ingest.api import router as ingest
from app.domains.observability.ingest.noticed import SUBSCRIPTIONS as NOTICED
from app.domains.observability.ingest.otlp.api import router as otlp
from app.domains.observability.ingest.remote_write.api import router as remote_write
from app.domains.observability.inspections.api import router as inspections
from app.domains.observability.inspections.run import DAILY, INSPECT
from app.domains.observability.oncall.api import router as oncall
from app.domains.observability.permissions import ALL
from app.domains.observability.signals.api import router as signals
from app.domains.observability.signals.jobs import KEEP_UP, ROLL_UP
from app.domains.observability.slo.api import router as slo
from app.domains.observability.slo.errors import CONSTRAINTS as SLO_CONSTRAINTS
from app.kernel.module import Module

module = Module(
    "observability",
    routers=[
        alerts,
        backups,
        external,
        ingest,
        inspections,
        oncall,
        otlp,
        remote_write,
        signals,
        slo,
    ],
    permissions=ALL,
    constraints={
        **SLO_CONSTRAINTS,
    },
    jobs=[
        *BACKUP_JOBS,
        *[INSPECT.job, DAILY],  # inspections
        *[ROLL_UP, KEEP_UP],  # signals
    ],
    subscriptions={
        **BACKUP_SUBSCRIPTIONS,
        **NOTICED,
    },
)
