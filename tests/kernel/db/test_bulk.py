"""Bulk writes as the app role, with every kind of column, under row security."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.kernel.db import bulk
from app.kernel.db import migrate as m
from app.kernel.db.engine import bind
from tests.migrations.databases import operations

WHEN = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
COLUMNS = ("tenant_id", "id", "name", "amount", "at", "detail", "ok", "raw", "count")
PART = sa.Table(
    "part",
    sa.MetaData(),
    sa.Column("tenant_id", sa.Uuid(), primary_key=True),
    sa.Column("id", sa.Uuid(), primary_key=True),
    sa.Column("name", sa.Text()),
    sa.Column("amount", sa.Numeric()),
    sa.Column("at", sa.DateTime(timezone=True)),
    sa.Column("detail", JSONB()),
    sa.Column("ok", sa.Boolean()),
    sa.Column("raw", sa.LargeBinary()),
    sa.Column("count", sa.BigInteger()),
    sa.Column("tags", ARRAY(sa.Text())),
)
WRITERS = [bulk.insert_rows, bulk.copy_via_temp]
Writer = Callable[..., int]


def row(tenant: UUID, **given: Any) -> tuple[Any, ...]:
    values = {
        "tenant_id": tenant,
        "id": uuid4(),
        "name": "back\\slash\ttab 100% ünï :colon",
        "amount": Decimal("12.3400"),
        "at": WHEN,
        "detail": {"a": [1, {"b": "%s"}], "q": '"'},
        "ok": True,
        "raw": b"\x00\xff",
        "count": 2**40,
    }
    return tuple({**values, **given}[name] for name in COLUMNS)


@pytest.fixture
def part(database: Any) -> Iterator[sa.Connection]:
    """A connection of the app role in a transaction bound to no tenant yet."""
    with operations(database.owner_url):
        extra = [sa.Column(c.name, c.type) for c in PART.columns if c.name not in {"tenant_id", "id"}]
        m.create_tenant_table("part", *extra)
    engine = sa.create_engine(sa.make_url(database.app_url).set(drivername="postgresql+psycopg"))
    with engine.connect() as conn:
        yield conn
    engine.dispose()


@pytest.mark.parametrize("write", WRITERS)
def test_values_of_every_type_come_back_as_they_went(part: sa.Connection, write: Writer) -> None:
    tenant = uuid4()
    full = row(tenant)
    empty = row(tenant, **dict.fromkeys(COLUMNS[2:]))
    bind(part, tenant, "test")
    assert write(part, PART, COLUMNS, iter([full, empty])) == 2
    found = part.execute(
        sa.select(*[PART.c[name] for name in COLUMNS]).order_by(PART.c.name.nulls_last())
    ).all()
    assert [tuple(item) for item in found] == [full, empty]


@pytest.mark.parametrize("write", WRITERS)
def test_many_rows_are_all_counted(part: sa.Connection, write: Writer) -> None:
    tenant, total = uuid4(), bulk.CHUNK * 2 + 7
    bind(part, tenant, "test")
    rows = ((tenant, uuid4(), str(i)) for i in range(total))
    assert write(part, PART, ("tenant_id", "id", "name"), rows) == total
    assert part.execute(sa.select(sa.func.count(sa.distinct(PART.c.name)))).scalar_one() == total


@pytest.mark.parametrize("write", WRITERS)
def test_no_rows_are_no_error(part: sa.Connection, write: Writer) -> None:
    bind(part, uuid4(), "test")
    assert write(part, PART, COLUMNS, []) == 0


@pytest.mark.parametrize("write", WRITERS)
def test_a_row_of_another_tenant_fails_the_whole_load(part: sa.Connection, write: Writer) -> None:
    tenant = uuid4()
    bind(part, tenant, "test")
    with pytest.raises(sa.exc.ProgrammingError, match="row-level security"):
        write(part, PART, ("tenant_id", "id"), [(tenant, uuid4()), (uuid4(), uuid4())])


@pytest.mark.parametrize("write", WRITERS)
def test_conflicts_follow_the_given_clause(part: sa.Connection, write: Writer) -> None:
    tenant, known = uuid4(), uuid4()
    bind(part, tenant, "test")
    columns = ("tenant_id", "id")
    assert write(part, PART, columns, [(tenant, known)]) == 1
    again = [(tenant, known), (tenant, uuid4())]
    assert write(part, PART, columns, again, on_conflict="ON CONFLICT DO NOTHING") == 1
    with pytest.raises(sa.exc.IntegrityError):
        write(part, PART, columns, again[:1])


@pytest.mark.parametrize("write", WRITERS)
def test_a_row_of_the_wrong_length_is_refused(part: sa.Connection, write: Writer) -> None:
    bind(part, uuid4(), "test")
    with pytest.raises(ValueError, match="zip"):
        write(part, PART, ("tenant_id", "id"), [(uuid4(),)])


def test_array_columns_go_through_copy(part: sa.Connection) -> None:
    tenant = uuid4()
    bind(part, tenant, "test")
    columns, rows = ("tenant_id", "id", "tags"), [(tenant, uuid4(), ["a", "b,c"])]
    with pytest.raises(ValueError, match="tags"):
        bulk.insert_rows(part, PART, columns, rows)
    assert bulk.copy_via_temp(part, PART, columns, rows) == 1
    assert part.execute(sa.select(PART.c.tags)).scalar_one() == ["a", "b,c"]


def test_copy_can_run_twice_in_a_transaction_and_leaves_no_table(part: sa.Connection) -> None:
    tenant = uuid4()
    bind(part, tenant, "test")
    for _ in range(2):
        assert bulk.copy_via_temp(part, PART, ("tenant_id", "id"), [(tenant, uuid4())]) == 1
    assert part.exec_driver_sql("SELECT to_regclass('pg_temp.load_part')").scalar_one() is None
