"""Up, down and up again, as the usual owner and as one that FORCE binds, with rows of the first shape inside."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from app.kernel.db import migrate as m
from tests.migrations.databases import FOUNDATION, plain_owner, throwaway
from tests.migrations.first_shape import REVISION, counts, seed
from tests.migrations.snapshot import snapshot


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
        assert snapshot(conn) == nothing
        m.upgrade(empty.owner_url)
        assert snapshot(conn) == first


def test_every_single_step_back_and_forth_leaves_the_same_schema(empty: Any) -> None:
    m.upgrade(empty.owner_url)
    with psycopg.connect(empty.superuser_url, autocommit=True) as conn:
        head = snapshot(conn)
        while conn.execute("SELECT version_num FROM alembic_version").fetchone() != (FOUNDATION,):
            after = snapshot(conn)
            m.downgrade(empty.owner_url, "-1")
            assert snapshot(conn) != after
        m.upgrade(empty.owner_url)
        assert snapshot(conn) == head


def test_a_plain_owner_makes_the_same_schema(empty: Any, at_head: Any) -> None:
    with psycopg.connect(at_head.superuser_url) as conn:
        usual = snapshot(conn)
    with plain_owner(empty) as url:
        m.upgrade(url)
        with psycopg.connect(empty.superuser_url) as conn:
            assert snapshot(conn) == usual
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
