"""One row per tenant: the version of its bills of materials, their lock, and their compiled form."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db.base import Base, TenantRow


class BomGraph(TenantRow, Base):
    """`version` rises with every change in force, in its transaction, so a cached graph is known to be stale.

    `line_count`: released lines so far, to choose an engine by. `compiled`: the graph of `compiled_version`,
    true from `compiled_at` until before `compiled_until`, when a revision that was planned comes into force.
    """

    __tablename__ = "bom_graph"
    __table_args__ = (UniqueConstraint("tenant_id"),)

    version: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    line_count: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    compiled: Mapped[bytes | None]
    compiled_version: Mapped[int | None] = mapped_column(BigInteger)
    compiled_at: Mapped[datetime | None]
    compiled_until: Mapped[datetime | None]


GRAPH_ID = UUID(int=0)
