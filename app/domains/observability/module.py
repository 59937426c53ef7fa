from app.domains.observability.inspections.api import router as inspections
from app.domains.observability.inspections.run import DAILY, INSPECT
from app.domains.observability.permissions import ALL
from app.kernel.module import Module

module = Module(
    "observability",
    routers=[inspections],
    permissions=ALL,
    jobs=[
        *[INSPECT.job, DAILY],  # inspections
    ],
)
