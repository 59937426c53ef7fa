"""Regions: a tree the tenant defines. `path` is the ids from the root down, so a subtree is a range of paths."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned


class Region(TenantRow, Versioned, Timestamped, Base):
    __tablename__ = "region"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        ForeignKeyConstraint(["tenant_id", "parent_id"], ["region.tenant_id", "region.id"]),
        CheckConstraint("length(code) BETWEEN 1 AND 100", name="code_length"),
        Index("ix_region_path", "tenant_id", "path"),
    )

    code: Mapped[str]
    name: Mapped[str | None]
    parent_id: Mapped[UUID | None]
    path: Mapped[str] = mapped_column(Text(collation="C"))
