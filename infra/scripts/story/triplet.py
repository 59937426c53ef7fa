"""Three migrations that exist for the story only, run through the product's own Alembic environment.

    python triplet.py OWNER_URL FOLDER < steps      (expand, backfill, enforce, take back: one a line)

They add `asset.story_label` behind the newest migration of the release, and take it away again. One line is printed
when the program is ready, and one after each step. FOLDER keeps the files. The repository's own expand steps can't be taken back under load: this release needs them.
"""

import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(CHECKOUT))

import psycopg  # noqa: E402
from alembic import command  # noqa: E402

from app.kernel.db import migrate  # noqa: E402
from app.kernel.db.models import load_models  # noqa: E402

_HEADER = """import sqlalchemy as sa
from app.kernel.db import migrate as m

revision, down_revision = "{revision}", "{after}"
branch_labels = depends_on = None
phase = "{phase}"
"""
_BODIES = {
    "expand": """
def upgrade():
    m.add_column("asset", sa.Column("story_label", sa.Text()))
    m.run_script("ALTER TABLE asset ALTER COLUMN story_label SET DEFAULT 'registered since'")

def downgrade():
    m.run_script("ALTER TABLE asset DROP COLUMN story_label")
""",
    "backfill": """
def upgrade():
    m.backfill(
        "asset",
        "UPDATE asset SET story_label = lower(asset_code) FROM page"
        " WHERE asset.tenant_id = page.tenant_id AND asset.id = page.id",
        where="story_label IS NULL",
        batch=50,
    )

def downgrade():
    pass
""",
    "enforce": """
def upgrade():
    m.set_not_null("asset", "story_label")

def downgrade():
    m.run_script("ALTER TABLE asset ALTER COLUMN story_label DROP NOT NULL")
""",
}
_OUTCOMES = {
    "expand": ("YES", "nullable, new rows have a default"),
    "backfill": ("YES", ""),
    "enforce": ("NO", "NOT NULL"),
    "take back": ("gone", "the column is gone"),
}
_COUNTS = "SELECT count(*), count(*) FILTER (WHERE story_label = lower(asset_code)) FROM asset"
_NULLABLE = """
SELECT is_nullable FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = 'asset' AND column_name = 'story_label'
"""


def main(owner_url: str, folder: Path) -> None:
    config = migrate.config(owner_url.replace("postgresql://", "postgresql+psycopg://", 1))
    versions = CHECKOUT / "infra" / "migrations" / "versions"
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", f"{versions}{os.pathsep}{folder}")
    _write(folder)
    load_models()  # seconds, and no part of a migration
    print("ready", flush=True)
    for line in sys.stdin:
        step = line.strip()
        if step == "take back":
            command.downgrade(config, migrate.code_head())
        else:
            command.upgrade(config, f"story_{step}")
        print(_told(owner_url, step), flush=True)


def _write(folder: Path) -> None:
    after = migrate.code_head()
    for phase, body in _BODIES.items():
        revision = f"story_{phase}"
        (folder / f"{revision}.py").write_text(
            _HEADER.format(revision=revision, after=after, phase=phase) + body
        )
        after = revision


def _told(owner_url: str, step: str) -> str:
    """What the database says after the step. Ends the program when that is not what the step was to do."""
    with psycopg.connect(owner_url) as conn:
        found = conn.execute(_NULLABLE).fetchone()
        nullable = found[0] if found else "gone"
        wanted, told = _OUTCOMES[step]
        if nullable != wanted:
            raise SystemExit(f"after {step} the column's nullability is {nullable}, not {wanted}")
        if step != "backfill":
            return told
        row = conn.execute(_COUNTS).fetchone()
        assert row is not None
        rows, filled = row
        if filled == 0:
            raise SystemExit("the backfill filled nothing")
        return f"{filled} old rows of {rows} filled"


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
