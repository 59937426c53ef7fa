from app.domains.observability.capacity.api import router as capacity
from app.domains.observability.capacity.jobs import JOBS as CAPACITY_JOBS
from app.domains.observability.ingest.api import router as ingest
from app.domains.observability.permissions import ALL
from app.domains.observability.slo.api import router as slo
from app.domains.observability.slo.budget_api import router as slo_budgets
from app.domains.observability.slo.errors import CONSTRAINTS as SLO_CONSTRAINTS
from app.domains.observability.slo.jobs import JOBS as SLO_JOBS
from app.domains.observability.slo.openslo_api import router as openslo
from app.kernel.module import Module

module = Module(
    "observability",
    routers=[
        capacity,
        ingest,
        slo,
        slo_budgets,
        openslo,
    ],
    permissions=ALL,
    constraints={
        **SLO_CONSTRAINTS,
    },
    jobs=[
        *CAPACITY_JOBS,
        *SLO_JOBS,
    ],
)
