"""The history is one line of files whose names say what they are."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from alembic.script import Script, ScriptDirectory

from app.kernel.db import migrate as m

PHASES = ("expand", "backfill_validate", "enforce")
NAME = re.compile(rf"(?P<revision>\d{{12}})_(?P<slug>[a-z0-9_]+)_(?P<phase>{'|'.join(PHASES)})\.py")
SEED_NAMES = [
    f"2026022400{number}_phase09_asset_{what}_{phase}.py"
    for number, (what, phase) in enumerate(
        ((what, phase) for what in ("ledger", "availability", "maintenance") for phase in PHASES), start=35
    )
]


def history() -> list[Script]:
    """Oldest first."""
    return list(ScriptDirectory.from_config(m.config()).walk_revisions())[::-1]


def test_history_is_one_line_without_branches() -> None:
    scripts = history()
    assert len(scripts) == len(list((m.SCRIPTS / "versions").glob("*.py")))
    assert scripts[0].down_revision is None
    for older, newer in pairwise(scripts):
        assert newer.down_revision == older.revision
        assert not newer.branch_labels
        assert not newer.dependencies


@pytest.mark.parametrize("script", history(), ids=lambda script: script.revision)
def test_a_file_is_named_after_its_revision_and_phase(script: Script) -> None:
    name = NAME.fullmatch(Path(script.path).name)
    assert name is not None, script.path
    assert name["revision"] == script.revision
    assert name["phase"] == script.module.phase
    assert name["slug"].split("_")[0] in {"foundation", *(f"phase{number:02}" for number in range(100))}


def test_expand_comes_before_backfill_before_enforce() -> None:
    """Files of one triplet follow each other, and a backfill is never without its two neighbours."""
    names = [NAME.fullmatch(Path(script.path).name) for script in history()]
    parts = [(name["slug"], name["phase"]) for name in names if name]
    for place, (slug, phase) in enumerate(parts):
        if phase == "backfill_validate":
            assert parts[place - 1 : place + 2] == [(slug, word) for word in PHASES]


def test_the_nine_migrations_the_seed_names_are_there() -> None:
    assert len(SEED_NAMES) == 9
    found = {path.name for path in (m.SCRIPTS / "versions").glob("*.py")}
    assert set(SEED_NAMES) <= found
