"""Bodies of bills of materials and their variants."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from app.domains.manufacturing.bom.words import (
    AnyBomType,
    AnySelectionMode,
    AnyVariantType,
    BomType,
    Percent,
    PercentOut,
    Quantity,
    QuantityOrZero,
    QuantityOut,
    RevisionStatus,
    SelectionMode,
    VariantType,
    Weight,
)
from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import ContractInput, Filter, Input, Instant, Note, Output

Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=30)]
Operation = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Place = Annotated[int, Field(ge=1, le=1_000_000)]
Lines = Annotated[list["LineInput"], Field(max_length=10_000)]


class LineInput(ContractInput):
    """`qty_needed` per `qty_output` of the product, `fixed_qty` once however much is made."""

    component_id: UUID
    qty_needed: Quantity = Field(examples=["2.5"])
    wastage_percent: Percent = Field(0, examples=[3.0], validate_default=True)
    fixed_qty: QuantityOrZero = Field(0, examples=["0"], validate_default=True)
    position: Place | None = None
    is_phantom: bool = False
    operation: Operation | None = None
    selection_mode: AnySelectionMode | None = None


class BomCreate(ContractInput):
    product_id: UUID
    bom_type: AnyBomType = Field(examples=["MANUFACTURING"])
    qty_output: Quantity = Field(1, examples=["1"], validate_default=True)
    supports_multi_material: bool = False
    default_variant_selection: AnySelectionMode = SelectionMode.PRIMARY
    revision: Label = "Rev 1.0"
    revision_reason: Note | None = None
    lines: Lines = []
    draft: bool = Field(False, description="Hold the revision back; `:release` frees it.")
    effective_from: Instant | None = Field(None, description="Not in the past; now when left out.")


class BomUpdate(ContractInput):
    """Makes the next revision. What is left out stays as it is; `lines` replaces all lines and their variants."""

    supports_multi_material: bool | None = None
    default_variant_selection: AnySelectionMode | None = None
    qty_output: Quantity | None = None
    lines: Lines | None = None
    revision: Label | None = None
    revision_reason: Note | None = None
    draft: bool = False
    effective_from: Instant | None = None


class BomRelease(Input):
    effective_from: Instant | None = Field(None, description="Not in the past; now when left out.")


class BomFilter(PageParams):
    product_id: UUID | None = None
    bom_type: AnyBomType | None = None
    active_only: bool = False


class BomLineRead(Output):
    id: UUID
    position: int
    component_id: UUID
    component_code: str
    component_name: str
    uom: str
    qty_needed: QuantityOut
    fixed_qty: QuantityOut
    wastage_percent: PercentOut
    is_phantom: bool
    operation: str | None
    selection_mode: SelectionMode | None
    has_variants: bool


class BomSummary(Output):
    """The header with the revision in force; of a product without one, the next to come or the latest draft."""

    id: UUID
    product_id: UUID
    product_code: str
    product_name: str
    bom_type: BomType
    is_active: bool
    revision_id: UUID
    revision: str
    revision_number: int
    status: RevisionStatus
    qty_output: QuantityOut
    supports_multi_material: bool
    default_variant_selection: SelectionMode
    revision_reason: str | None
    content_hash: str | None
    effective_from: datetime | None
    effective_to: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class BomRead(BomSummary):
    lines: list[BomLineRead]


class RevisionRead(Output):
    id: UUID
    number: int
    revision: str
    status: RevisionStatus
    qty_output: QuantityOut
    supports_multi_material: bool
    default_variant_selection: SelectionMode
    revision_reason: str | None
    content_hash: str | None
    effective_from: datetime | None
    effective_to: datetime | None
    released_at: datetime | None
    released_by: str | None
    created_by: str
    created_at: datetime
    lines: list[BomLineRead]


class VariantCreate(ContractInput):
    """A line's id from any revision finds the same line in the current one."""

    line_id: UUID
    material_id: UUID
    variant_type: AnyVariantType = Field(examples=["ALTERNATIVE"])
    sequence: Place | None = None
    qty_override: Quantity | None = None
    weight: Weight | None = Field(None, examples=[30], description="Per cent.")


class VariantUpdate(ContractInput):
    material_id: UUID | None = None
    variant_type: AnyVariantType | None = None
    sequence: Place | None = None
    qty_override: Quantity | None = None
    weight: Weight | None = None


class VariantRead(Output):
    """`quantity`: how much of the material one `qty_needed` of the line means, in the material's unit."""

    id: UUID
    bom_id: UUID
    revision_id: UUID
    line_id: UUID
    material_id: UUID
    material_code: str
    material_name: str
    uom: str
    variant_type: VariantType
    sequence: int
    qty_override: QuantityOut | None
    weight: PercentOut | None
    quantity: QuantityOut


class VariantsFilter(Filter):
    line_id: UUID | None = None


class VariantRemoved(Output):
    bom_id: UUID
    revision_id: UUID


class SelectionCreate(Input):
    """`mode` left out: the line's own, else the bill of materials'."""

    line_id: UUID
    quantity: Quantity = Field(examples=["10"], description="In the component's unit.")
    mode: AnySelectionMode | None = None
    step: Quantity = Field(
        1, examples=["1"], validate_default=True, description="Smallest part to split off."
    )
    demand_ref: Operation | None = None


class ShareRead(Output):
    material_id: UUID
    stands_for: str = Field(description="Part of the quantity, in the component's unit.")
    quantity: str = Field(description="How much of the material, in its own unit.")


class SelectionRead(Output):
    id: UUID
    bom_id: UUID
    line_id: UUID
    mode: SelectionMode
    demand_ref: str | None
    inputs: dict[str, Any] = Field(description="What the choice was made from; it leads to `shares` again.")
    shares: list[ShareRead]
    reason: str
    created_by: str
    created_at: datetime
