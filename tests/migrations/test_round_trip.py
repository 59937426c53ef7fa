"""Up, down and up again, as the usual owner and as one that FORCE binds, with rows of the first shape inside."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from alembic.script import ScriptDirectory

from app.kernel.db import migrate as m
from tests.migrations.databases import plain_owner, throwaway
from tests.migrations.first_shape import REVISION, counts, seed
from tests.migrations.snapshot import differences, snapshot, without_validity


@pytest.fixture
def empty(pg: Any) -> Iterator[Any]:
    with throwaway(pg) as urls:
        yield urls


def test_up_down_up_leaves_the_same_schema(empty: Any) -> None:
    with psycopg.connect(empty.superuser_url, autocommit=True) as conn:
        nothing = snapshot(conn)
        m.upgrade(empty.owner_url)
        first = snapshot(conn)
        assert len(first["policy"]) >= 18
        assert len(first["constraint"]) >= 20
        m.downgrade(empty.owner_url, "base")
        assert differences(nothing, snapshot(conn)) == []
        m.upgrade(empty.owner_url)
        assert differences(first, snapshot(conn)) == []


def test_every_step_back_undoes_exactly_its_step(empty: Any) -> None:
    with psycopg.connect(empty.superuser_url, autocommit=True) as conn:
        line = [script.revision for script in ScriptDirectory.from_config(m.config()).walk_revisions()][::-1]
        shapes = {}
        for revision in line:
            m.upgrade(empty.owner_url, revision)
            shapes[revision] = without_validity(snapshot(conn))
        for revision in line[-2::-1]:
            m.downgrade(empty.owner_url, revision)
            assert (revision, differences(shapes[revision], without_validity(snapshot(conn)))) == (
                revision,
                [],
            )


def test_a_plain_owner_makes_the_same_schema(empty: Any, at_head: Any) -> None:
    with psycopg.connect(at_head.superuser_url) as conn:
        usual = snapshot(conn)
    with plain_owner(empty) as url:
        m.upgrade(url)
        with psycopg.connect(empty.superuser_url) as conn:
            assert differences(usual, snapshot(conn)) == []
        m.downgrade(url, "base")


@pytest.mark.parametrize("owner", ["usual", "plain"])
def test_rows_of_the_first_shape_survive_up_down_and_up(empty: Any, owner: str) -> None:
    with psycopg.connect(empty.superuser_url, autocommit=True) as conn:

        def journey(url: str) -> None:
            m.upgrade(url, REVISION)
            seed(conn)
            before = counts(conn)
            assert all(count > 0 for count in before.values())
            m.upgrade(url)
            assert counts(conn) == before
            m.downgrade(url, REVISION)
            assert counts(conn) == before
            m.upgrade(url)
            assert counts(conn) == before

        if owner == "usual":
            journey(empty.owner_url)
        else:
            with plain_owner(empty) as url:
                journey(url)
