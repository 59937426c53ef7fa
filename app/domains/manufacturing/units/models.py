"""Units of measure of a tenant."""

from sqlalchemy import BigInteger, CheckConstraint, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned


class Unit(TenantRow, Versioned, Timestamped, Base):
    """One unit is exactly `numerator / denominator` of its dimension's base; codes are kept in lower case.

    Units of different dimensions never convert. `is_standard`: made with the tenant, and not changed.
    """

    __tablename__ = "unit"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        CheckConstraint("length(code) BETWEEN 1 AND 20 AND code = lower(code)", name="code_form"),
        CheckConstraint(
            "length(dimension) BETWEEN 1 AND 20 AND dimension = upper(dimension)", name="dimension_form"
        ),
        CheckConstraint("numerator > 0 AND denominator > 0", name="factor"),
    )

    code: Mapped[str]
    name: Mapped[str]
    dimension: Mapped[str]
    numerator: Mapped[int] = mapped_column(BigInteger)
    denominator: Mapped[int] = mapped_column(BigInteger)
    is_standard: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
