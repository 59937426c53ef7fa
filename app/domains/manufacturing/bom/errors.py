"""What can go wrong with bills of materials."""

from pydantic import BaseModel, Field

from app.kernel.problem import Conflict, NotFound, Problem


class UsesMembers(BaseModel):
    used_by: list[str] = Field(description="The first of them.", examples=[["order:01920000-…"]])
    uses: int


class BomNotFound(NotFound):
    """No such bill of materials in this tenant."""

    code, title = "bom_not_found", "Bill of materials not found"


class LineNotFound(NotFound):
    """No such line in the current revision."""

    code, title = "bom_line_not_found", "Line not found"


class VariantNotFound(NotFound):
    """No such variant in the current revision."""

    code, title = "bom_variant_not_found", "Variant not found"


class RevisionNotFound(NotFound):
    """No such revision of this bill of materials, or none in force at that time."""

    code, title = "bom_revision_not_found", "Revision not found"


class BomExists(Conflict):
    """The product has an active bill of materials of this type."""

    code, title = "bom_exists", "Bill of materials exists"


class BomRetired(Conflict):
    """The bill of materials is retired."""

    code, title = "bom_retired", "Bill of materials retired"


class BomInUse(Conflict):
    """Open orders use the bill of materials; `used_by` names them."""

    code, title = "bom_in_use", "Bill of materials in use"
    extra = UsesMembers


class NothingToRelease(Conflict):
    """There is no draft newer than the released revision."""

    code, title = "bom_nothing_to_release", "Nothing to release"


class MaterialTwice(Conflict):
    """The line has a variant of this material already."""

    code, title = "bom_material_twice", "Material twice"


class PrimaryTwice(Conflict):
    """The line has a primary variant already."""

    code, title = "bom_primary_twice", "Primary variant twice"


class WeightsTooHigh(Conflict):
    """The weights of a line's variants add up to more than 100 %."""

    code, title = "bom_weights_too_high", "Weights above 100 %"


class UnitMismatch(Conflict):
    """The material is measured in another dimension than the line's component, so no factor converts it."""

    code, title = "bom_unit_mismatch", "Units do not convert"


class NothingToChoose(Conflict):
    """No material of the line fits the way of choosing, for example none has enough in stock."""

    code, title = "bom_nothing_to_choose", "No material fits"


CONSTRAINTS: dict[str, Problem] = {
    "uq_bom_active": BomExists("The product has an active bill of materials of this type."),
    "uq_bom_variant_primary": PrimaryTwice("The line has a primary variant already."),
    "uq_bom_variant_tenant_id_line_id_material_id": MaterialTwice("The line has this material already."),
    "ex_bom_revision_in_force": Conflict("Another revision is in force in that time."),
}
