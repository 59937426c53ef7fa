"""Bodies about operations."""

from uuid import UUID

from pydantic import Field

from app.domains.manufacturing.orders.schemas import Shortage
from app.domains.manufacturing.quantities import Exact
from app.kernel.api.schemas import Output


class MaterialReadiness(Output):
    """What an operation can do now."""

    work_order_id: UUID
    material_ready: bool
    shortages: list[Shortage]
    available: Exact = Field(description="Units that may still go in.")
