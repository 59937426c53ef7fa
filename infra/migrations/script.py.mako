"""${message}

Revises: ${down_revision or "nothing"}
Safe beside the previous release: say here why.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.kernel.db import migrate as m

revision: str = ${repr(up_revision)}
down_revision: str | None = ${repr(down_revision)}
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
phase = "expand"  # expand | backfill_validate | enforce


def upgrade() -> None:
    ${upgrades or "raise NotImplementedError"}


def downgrade() -> None:
    ${downgrades or "raise NotImplementedError"}
