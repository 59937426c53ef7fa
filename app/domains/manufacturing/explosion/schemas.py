"""Bodies of what is computed over the graph."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from app.domains.manufacturing.bom.words import Quantity
from app.kernel.api.schemas import Filter, Instant, Output


def _plausible(value: datetime) -> datetime:
    if not 1970 <= value.year <= 2199:
        raise ValueError("the date must lie between 1970 and 2199")
    return value


AsOf = Annotated[
    Annotated[Instant, AfterValidator(_plausible)] | None,
    Field(description="Answer by the revisions in force at this instant; now when left out."),
]
Exactly = Annotated[str, Field(examples=["12.5"], description="Exact to six decimals, half up.")]


class AsOfFilter(Filter):
    as_of: AsOf = None
    quantity: Quantity = Field(Decimal(1), description="Of the product, in its unit.")


class ExplodeFilter(AsOfFilter):
    flat: bool = Field(False, description="One row per item instead of one per line.")


class CompareFilter(Filter):
    """By default the revision in force against the one before it, or against nothing."""

    revision_id: UUID | None = Field(None, description="The newer side; the one in force when left out.")
    other_revision_id: UUID | None = Field(None, description="The older side.")
    as_of: AsOf = None


class FlatRow(Output):
    """One item, its needs over all paths added up. `level` is its low-level code."""

    item_id: UUID
    code: str
    level: int
    quantity: Exactly
    uom: str


class IndentedRow(Output):
    """One line, in the order of the tree; `level` is the depth, the product stands at 0.

    An item used in several places is unfolded at the first; the other places say `repeated`. The lines below
    carry the quantities for all places together, so rows of one item add up to its flat quantity.
    """

    level: int
    line_id: UUID | None
    parent_id: UUID | None
    item_id: UUID
    code: str
    name: str
    quantity: Exactly
    uom: str
    is_phantom: bool
    repeated: bool


ExplodedRow = FlatRow | IndentedRow


class WhereUsedRow(Output):
    """An item that the asked one goes into. `level` 1 uses it directly, by the longest way.

    `quantity` goes into one unit (or the asked number) over all paths, fixed amounts left out.
    """

    item_id: UUID
    code: str
    name: str
    level: int
    quantity: Exactly
    uom: str


class CostRow(Output):
    item_id: UUID
    code: str
    quantity: Exactly
    uom: str
    unit_cost: Exactly | None
    cost: Exactly | None


class CostRead(Output):
    """What is bought for the quantity, at standard cost. Items without a cost count 0 and are named."""

    bom_id: UUID
    revision_id: UUID
    quantity: Exactly
    total_cost: Exactly
    unit_cost: Exactly
    complete: bool
    missing: list[str] = Field(description="Codes of items without a standard cost.")
    rows: list[CostRow]


class LimitingItem(Output):
    item_id: UUID
    code: str
    needed: Exactly = Field(description="For one more than can be built.")
    available: Exactly


class BuildableRead(Output):
    """`quantity` whole units can be made of what is free in stock, sub-assemblies used before new ones are made."""

    bom_id: UUID
    revision_id: UUID
    quantity: int
    limiting: list[LimitingItem]


class BomLineBefore(Output):
    quantity: Exactly
    fixed: Exactly
    wastage_percent: float
    operation: str | None


class BomLineAfter(BomLineBefore):
    """The same of the newer side; a class of its own, for one used twice in a model loses its name in OpenAPI."""


class LineChange(Output):
    change: str = Field(examples=["ADDED", "REMOVED", "CHANGED"])
    component_id: UUID
    code: str
    position: int
    before: BomLineBefore | None
    after: BomLineAfter | None


class ItemChange(Output):
    """What one unit of the product needs of an item, over all levels."""

    item_id: UUID
    code: str
    before: Exactly
    after: Exactly
    difference: str = Field(examples=["-1.5"])


class CompareRead(Output):
    bom_id: UUID
    revision_id: UUID
    other_revision_id: UUID | None = Field(description="Null when nothing was before.")
    same: bool = Field(description="The content hashes agree: nothing differs on any level.")
    lines: list[LineChange]
    items: list[ItemChange]
