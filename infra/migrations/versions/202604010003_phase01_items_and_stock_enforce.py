"""One standard location of a kind, now that every tenant has its own."""

from app.kernel.db import migrate as m

revision = "202604010003"
down_revision = "202604010002"
branch_labels = None
depends_on = None
phase = "enforce"


def upgrade() -> None:
    m.add_index_concurrently(
        "location", "uq_location_standard", ["tenant_id", "kind"], unique=True, where="is_standard"
    )


def downgrade() -> None:
    m.drop_index_concurrently("uq_location_standard")
