"""Bodies of regions."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.domains.assets.words import OptionalCode, RegionCode
from app.kernel.api.schemas import Input, Name, Output


class RegionCreate(Input):
    code: RegionCode = Field(examples=["REGION-EAST"])
    name: Name | None = Field(None, examples=["East"])
    parent_code: OptionalCode = None


class RegionPatch(Input):
    """`parent_code` moves the region with everything below it; an explicit null makes it a root."""

    name: Name | None = Field(None, examples=["Far east"])
    parent_code: OptionalCode = None


class RegionRead(Output):
    id: UUID
    code: str = Field(examples=["REGION-EAST"])
    name: str | None
    parent_id: UUID | None
    depth: int
    version: int
    created_at: datetime
    updated_at: datetime
