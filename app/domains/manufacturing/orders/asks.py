"""What is asked of the stock, and what comes in, on its way through an action."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from app.domains.manufacturing.orders.schemas import OutputLine
from app.kernel.tx import AnyRow


@dataclass(frozen=True, slots=True)
class Ask:
    """So much of a component for its task. `lot_id`: of this lot and no other."""

    component: AnyRow
    quantity: Decimal
    lot_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What comes in from one task now. Without `lines` lots and serial numbers are made up."""

    task: AnyRow
    quantity: Decimal
    lines: Sequence[OutputLine] = field(default=())
