from app.domains.observability.backups.api import router as backups
from app.domains.observability.backups.jobs import JOBS as BACKUP_JOBS
from app.domains.observability.backups.jobs import SUBSCRIPTIONS as BACKUP_SUBSCRIPTIONS
from app.domains.observability.permissions import ALL
from app.kernel.module import Module

module = Module(
    "observability",
    routers=[
        backups,
    ],
    permissions=ALL,
    jobs=[
        *BACKUP_JOBS,
    ],
    subscriptions={
        **BACKUP_SUBSCRIPTIONS,
    },
)
