"""What the graph refuses."""

from uuid import UUID

from pydantic import BaseModel, Field

from app.kernel.problem import Conflict


class LoopMembers(BaseModel):
    path: list[str] = Field(
        description="Item codes from the product down to itself.", examples=[["A", "B", "A"]]
    )
    path_ids: list[UUID]


class BomLoop(Conflict):
    """The lines would make the product a part of itself; `path` is how."""

    code, title = "bom_loop", "Product inside itself"
    extra = LoopMembers
