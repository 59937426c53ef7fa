<%
    phases = ("backfill_validate", "enforce", "expand")
    phase = next((word for word in phases if message.endswith(word)), "expand")
%>"""${message}

Revises: ${down_revision or "nothing"}
Safe beside the previous release: say here why.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.kernel.db import migrate as m

revision: str = "${up_revision}"
down_revision: str | None = ${'"%s"' % down_revision if down_revision else None}
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
phase = "${phase}"


def upgrade() -> None:
    ${upgrades or "raise NotImplementedError"}


def downgrade() -> None:
    ${downgrades or "raise NotImplementedError"}
