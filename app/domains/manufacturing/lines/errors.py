"""What can go wrong with lines."""

from uuid import UUID

from pydantic import BaseModel, Field

from app.kernel.problem import Conflict, NotFound, Problem


class LineMembers(BaseModel):
    production_line_id: UUID
    product_id: UUID = Field(description="What is on the line.")


class ProductionLineNotFound(NotFound):
    """No such line in this tenant."""

    code, title = "production_line_not_found", "Line not found"


class LineCodeTaken(Conflict):
    """Another line has the code."""

    code, title = "line_code_taken", "Line code taken"


class LineNotClear(Conflict):
    """Another product is on the line; it must be cleared before this one may enter."""

    code, title = "line_not_clear", "Line not clear"
    extra = LineMembers


class LineInUse(Conflict):
    """A task in progress is on the line."""

    code, title = "line_in_use", "Line in use"


CONSTRAINTS: dict[str, Problem] = {
    "uq_production_line_tenant_id_code": LineCodeTaken("A line of this code exists."),
}
