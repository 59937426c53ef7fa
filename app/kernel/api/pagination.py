"""Keyset pages: stable under concurrent writes, no OFFSET, the cursor opaque to the client.

A list declares its sort keys; every order ends with the id, nullable keys are coalesced by the declaring module.
The bookmark format is sqlakeyset's, wrapped in base64url together with the sort it belongs to. The statement is
ordered and limited once and kept for as long as its base lives, so a list built once costs its execution alone.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar
from weakref import WeakKeyDictionary

from fastapi import Query
from pydantic import BaseModel, ConfigDict
from sqlakeyset import serialize_bookmark, unserialize_bookmark
from sqlalchemy import Integer, Row, SQLColumnExpression, bindparam, func, select, tuple_
from sqlalchemy.exc import DataError, DBAPIError, ProgrammingError, StatementError

from app.kernel.api.schemas import Page
from app.kernel.problem import BadCursor, BadRequest
from app.kernel.tx import AnyRow, AnySelect, ReadTx

T = TypeVar("T")
DEFAULT_LIMIT = 200
MAX_LIMIT = 1000


class PageParams(BaseModel):
    """`?limit=&cursor=&sort=&count=` of every list."""

    model_config = ConfigDict(extra="ignore")

    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Rows on this page.")] = DEFAULT_LIMIT
    cursor: Annotated[
        str | None, Query(max_length=2000, description="From the `Link` of the page before.")
    ] = None
    sort: Annotated[
        str | None, Query(max_length=100, description="Sort key; a leading `-` sorts downwards.")
    ] = None
    count: Annotated[bool, Query(description="Also answer `X-Total-Count`.")] = False


SortKeys = Mapping[str, SQLColumnExpression[Any]]


_ORDERED: WeakKeyDictionary[AnySelect, dict[tuple[str, bool], AnySelect]] = WeakKeyDictionary()


def page(
    tx: ReadTx,
    statement: AnySelect,
    params: PageParams,
    of: Callable[[Row[Any]], T],
    *,
    keys: SortKeys,
    default: str,
    values: Mapping[str, Any] | None = None,
) -> Page[T]:
    """One page of `statement`, whose own parameters are `values`, as items made by `of`.

    `keys` names what may be sorted by; its entry `id` ends every order. `default` is a key, perhaps with `-`.
    Rows carry their sort keys as further columns `page_key_0`, `page_key_1`. Raises `BadRequest` for an unknown
    sort key and `BadCursor`.
    """
    chosen = params.sort or default
    name = chosen.removeprefix("-")
    if name not in keys:
        raise BadRequest(f"Sort by one of: {', '.join(sorted(keys))}.")
    order = [keys[name]] if name == "id" else [keys[name], keys["id"]]
    place = _place(params.cursor, chosen, len(order))
    bound = {**(values or {}), "page_rows": params.limit + 1}
    bound |= {f"page_after_{n}": value for n, value in enumerate(place or ())}
    rows = _fetch(tx, _ordered(statement, chosen, order, continued=place is not None), bound)
    shown = rows[: params.limit]
    more = len(rows) > params.limit
    return Page(
        [of(row) for row in shown],
        _cursor(chosen, shown[-1], len(order)) if more else None,
        _total(tx, statement, values) if params.count else None,
    )


def _ordered(
    statement: AnySelect, chosen: str, order: list[SQLColumnExpression[Any]], *, continued: bool
) -> AnySelect:
    made = _ORDERED.setdefault(statement, {})
    found = made.get((chosen, continued))
    if found is None:
        found = made[chosen, continued] = _order(statement, order, chosen.startswith("-"), continued)
    return found


def _order(
    statement: AnySelect, order: list[SQLColumnExpression[Any]], downwards: bool, continued: bool
) -> AnySelect:
    ordered = statement.add_columns(*(key.label(f"page_key_{n}") for n, key in enumerate(order)))
    if continued:
        here = tuple_(*order)
        types = [element.type for element in here.clauses]
        after = tuple_(*(bindparam(f"page_after_{n}", type_=kind) for n, kind in enumerate(types)))
        ordered = ordered.where(here < after if downwards else here > after)
    return ordered.order_by(*(key.desc() if downwards else key.asc() for key in order)).limit(
        bindparam("page_rows", type_=Integer)
    )


def _fetch(tx: ReadTx, ordered: AnySelect, bound: dict[str, Any]) -> Sequence[AnyRow]:
    try:
        return tx.conn.execute(ordered, bound).all()
    except StatementError as error:
        foreign = isinstance(error, DataError | ProgrammingError) or not isinstance(error, DBAPIError)
        if "page_after_0" in bound and foreign:
            raise BadCursor("This cursor does not belong to this list.") from error
        raise


def _total(tx: ReadTx, statement: AnySelect, values: Mapping[str, Any] | None) -> int:
    counted = select(func.count()).select_from(statement.order_by(None).subquery())
    return tx.conn.execute(counted, dict(values or {})).scalar_one()


def _cursor(sort: str, row: AnyRow, width: int) -> str:
    bookmark = serialize_bookmark((tuple(row[-width:]), False))
    return base64.urlsafe_b64encode(f"{sort} {bookmark}".encode()).decode().rstrip("=")


def _place(cursor: str | None, sort: str, width: int) -> tuple[Any, ...] | None:
    """The sort keys of the row that the page begins after."""
    if cursor is None:
        return None
    try:
        made_for, _, bookmark = (
            base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(" ")
        )
        place, backwards = unserialize_bookmark(bookmark)
    except Exception as error:
        raise BadCursor("This cursor was not made by this list.") from error
    if made_for != sort or place is None or len(place) != width or backwards:
        raise BadCursor(f"This cursor belongs to another order than {sort}.")
    return tuple(place)
