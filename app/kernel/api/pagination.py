"""Keyset pages: stable under concurrent writes, no OFFSET, the cursor opaque to the client.

A list declares its sort keys; every order ends with the id, nullable keys are coalesced by the declaring module.
The bookmark format is sqlakeyset's, wrapped in base64url together with the sort it belongs to.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

from fastapi import Query
from pydantic import BaseModel, ConfigDict
from sqlakeyset import InvalidPage, select_page, unserialize_bookmark
from sqlakeyset.results import Page as KeysetPage
from sqlalchemy import Row, SQLColumnExpression, func, select
from sqlalchemy.exc import DataError, ProgrammingError

from app.kernel.api.schemas import Page
from app.kernel.problem import BadCursor, BadRequest
from app.kernel.tx import AnySelect, ReadTx

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


def page(
    tx: ReadTx,
    statement: AnySelect,
    params: PageParams,
    of: Callable[[Row[Any]], T],
    *,
    keys: SortKeys,
    default: str,
) -> Page[T]:
    """One page of `statement` as items made by `of`.

    `keys` names what may be sorted by; its entry `id` ends every order. `default` is a key, perhaps with `-`.
    Raises `BadRequest` for an unknown sort key and `BadCursor`.
    """
    chosen = params.sort or default
    name = chosen.removeprefix("-")
    if name not in keys:
        raise BadRequest(f"Sort by one of: {', '.join(sorted(keys))}.")
    order = [keys[name]] if name == "id" else [keys[name], keys["id"]]
    ordered = statement.order_by(*(key.desc() if chosen.startswith("-") else key.asc() for key in order))
    found = _fetch(tx, ordered, params.limit, _place(params.cursor, chosen))
    more = found.paging.has_next
    return Page(
        [of(row) for row in found],
        _cursor(chosen, found.paging.bookmark_next) if more else None,
        _total(tx, statement) if params.count else None,
    )


def _fetch(tx: ReadTx, ordered: AnySelect, limit: int, place: Any) -> KeysetPage[Any]:
    try:
        return select_page(tx.conn, ordered, per_page=limit, page=place)
    except (DataError, ProgrammingError, InvalidPage) as error:
        if place is None:
            raise
        raise BadCursor("This cursor does not belong to this list.") from error


def _total(tx: ReadTx, statement: AnySelect) -> int:
    return tx.conn.execute(select(func.count()).select_from(statement.order_by(None).subquery())).scalar_one()


def _cursor(sort: str, bookmark: str) -> str:
    return base64.urlsafe_b64encode(f"{sort} {bookmark}".encode()).decode().rstrip("=")


def _place(cursor: str | None, sort: str) -> Any:
    if cursor is None:
        return None
    try:
        made_for, _, bookmark = (
            base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(" ")
        )
        place = unserialize_bookmark(bookmark)
    except Exception as error:
        raise BadCursor("This cursor was not made by this list.") from error
    if made_for != sort or place.place is None or place.backwards:
        raise BadCursor(f"This cursor belongs to another order than {sort}.")
    return place
