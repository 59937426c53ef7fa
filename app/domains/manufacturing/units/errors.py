"""What can go wrong with units."""

from app.kernel.problem import Conflict, NotFound, Problem


class UnitNotFound(NotFound):
    """No such unit in this tenant."""

    code, title = "unit_not_found", "Unit not found"


class UnitCodeTaken(Conflict):
    """Another unit has the code."""

    code, title = "unit_code_taken", "Unit code taken"


class UnitStandard(Conflict):
    """A standard unit stays as it is."""

    code, title = "unit_standard", "Standard unit"


class UnitInUse(Conflict):
    """Items are counted in the unit."""

    code, title = "unit_in_use", "Unit in use"


CONSTRAINTS: dict[str, Problem] = {
    "uq_unit_tenant_id_code": UnitCodeTaken("A unit of this code exists."),
    "fk_item_unit": UnitInUse("Items are counted in this unit."),
}
