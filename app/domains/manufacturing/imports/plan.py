"""What a file means: checked rows, and the errors row by row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from app.domains.manufacturing.imports.files import NumberedRow
from app.domains.manufacturing.imports.schemas import BomRow, ItemRow

Row = TypeVar("Row", ItemRow, BomRow)


@dataclass(slots=True)
class Plan:
    """`changes` are those of `ImportChange`, `errors` those of `RowError`, as they are stored."""

    changes: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    unchanged: int = 0

    def fail(self, row: int, column: str | None, code: str, detail: str) -> None:
        self.errors.append({"row": row, "column": column, "code": code, "detail": detail})

    def change(self, change: str, key: str, row: int, fields: dict[str, list[Any]]) -> None:
        self.changes.append({"change": change, "key": key, "row": row, "fields": fields})


@dataclass(frozen=True, slots=True)
class Checked(Generic[Row]):
    number: int
    data: Row


def checked(plan: Plan, model: type[Row], rows: Iterable[NumberedRow]) -> list[Checked[Row]]:
    """The rows that are well formed; the others are errors of the plan."""
    found = []
    for number, cells in rows:
        try:
            found.append(Checked(number, model.model_validate(cells)))
        except ValidationError as error:
            for one in error.errors():
                column = str(one["loc"][0]) if one["loc"] else None
                plan.fail(number, column, str(one["type"]), str(one["msg"]))
    return found


def refuse_twice(plan: Plan, rows: Sequence[Checked[ItemRow]]) -> list[Checked[ItemRow]]:
    """Each code once."""
    seen: dict[str, int] = {}
    found = []
    for row in rows:
        if row.data.code in seen:
            plan.fail(row.number, "code", "twice", f"Row {seen[row.data.code]} has this code too.")
            continue
        seen[row.data.code] = row.number
        found.append(row)
    return found
