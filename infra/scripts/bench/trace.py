"""The SQL behind a request, written down as the app sends it: what pgbench and the bare handler send too.

Two records of each operation. `app`: every statement as the app role sends it, beginning with the call that binds
the transaction (`set_config`) and authenticates. `plain`: the same queries for a role that row security does not
touch, each SELECT with an explicit `tenant_id`, nothing bound and nobody authenticated.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, Join, Select, Table, event
from sqlalchemy.sql import visitors
from starlette.types import ASGIApp

from bench.inprocess import call, fresh
from bench.workloads import FRESH, MADE, Request, Target, Workload

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BINDING = "identity_open("


@dataclass(frozen=True)
class Statement:
    """psycopg's text with `%(name)s` places, and their values."""

    sql: str
    params: dict[str, Any]


@dataclass(frozen=True)
class Trace:
    """Per step of one operation, which is one transaction, its statements.

    `fresh` are the texts in the values that must be others in every operation: ids the app made, and `number`.
    """

    steps: list[list[Statement]]
    fresh: list[str] = field(default_factory=list)
    number: str = ""


@contextmanager
def _recorded(engine: Engine, into: list[Statement], tenant_id: str | None) -> Iterator[None]:
    def explicit(_conn: Any, clause: Any, many: Any, params: Any, _options: Any) -> Any:
        return (_with_tenant(clause, UUID(tenant_id)) if tenant_id else clause), many, params

    def note(_conn: Any, _cursor: Any, sql: str, params: Any, _context: Any, many: bool) -> None:
        if tenant_id and _BINDING in sql:
            return
        into.extend(Statement(sql, dict(values)) for values in (params if many else [params]))

    event.listen(engine, "before_execute", explicit, retval=True)
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(engine, "before_execute", explicit)
        event.remove(engine, "before_cursor_execute", note)


def _with_tenant(clause: Any, tenant_id: UUID) -> Any:
    """The statement with `tenant_id = …` on the leading table of every SELECT in it."""

    def narrow(select: Any) -> None:
        leading = [_leading(source) for source in select.get_final_froms()]
        select._where_criteria += tuple(  # noqa: SLF001 in place, which `where` is not
            table.c.tenant_id == tenant_id
            for table in leading
            if table is not None and "tenant_id" in table.c
        )

    return visitors.cloned_traverse(clause, {}, {"select": narrow}) if isinstance(clause, Select) else clause


def _leading(source: Any) -> Any:
    while isinstance(source, Join):
        source = source.left
    return source if isinstance(source, Table) else None


async def record(
    app: ASGIApp, engine: Engine, workload: Workload, targets: Sequence[Target], *, plain: bool
) -> list[Trace]:
    """One trace for each target. With `plain` the app must be connected as a role with BYPASSRLS."""
    return [await _one(app, engine, workload, target, plain=plain) for target in targets]


async def _one(app: ASGIApp, engine: Engine, workload: Workload, target: Target, *, plain: bool) -> Trace:
    steps: list[list[Statement]] = []
    number, made = fresh(), ""
    for step in workload.steps(target):
        statements: list[Statement] = []
        sent = Request(step.method, step.path.replace(MADE, made), step.body.replace(FRESH, number))
        with _recorded(engine, statements, target.tenant_id if plain else None):
            answer = await call(app, sent, target.token)
        made = made or (str(json.loads(answer)["id"]) if workload.writes else "")
        steps.append(statements)
    return Trace(steps, _made_by(steps) if workload.writes else [], number)


def _made_by(steps: list[list[Statement]]) -> list[str]:
    """Ids that appear in the values of an INSERT as a row's own id, or in the events, and existed nowhere before."""
    made: dict[str, None] = {}
    for statement in (s for step in steps for s in step if "INSERT INTO" in s.sql):
        if "id" in statement.params:
            made[str(statement.params["id"])] = None
        for entry in json.loads(statement.params["events"]) if "events" in statement.params else ():
            made[entry["id"]] = None
            made.update(dict.fromkeys(_UUID.findall(entry["request_id"])))
    return list(made)
