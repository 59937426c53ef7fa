"""Pure: which alerts are meant. Silences, routes and escalation policies say it in the same words.

`=`, `!=`, `=~` and `!~` as in Alertmanager; regular expressions match the whole value. They come from users, so they
are kept to what can't run long: no groups, and at most two repetitions in each alternative.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from app.kernel.api.schemas import Input
from app.kernel.tx import AnyRow

LONGEST_VALUE = 300
_BUILT_IN = ("source", "key", "subject", "severity")
_ESCAPED = re.compile(r"\\.|\[\^?\]?[^\]]*\]")
_REPEATS = re.compile(r"[*+?{]")


class Matcher(Input):
    """`name` is source, key, subject, severity, or a label; a label that is not there counts as empty."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-zA-Z_][a-zA-Z0-9_.]*$", max_length=100)] = Field(
        examples=["severity"]
    )
    op: Literal["=", "!=", "=~", "!~"] = "="
    value: Annotated[str, StringConstraints(max_length=200)] = Field(examples=["P1"])

    @model_validator(mode="after")
    def _regular_expressions_are_short_work(self) -> Self:
        if self.op in {"=~", "!~"}:
            reason = why_refused(self.value)
            if reason:
                raise ValueError(reason)
        return self


Matchers = Annotated[list[Matcher], Field(max_length=20)]


def why_refused(pattern: str) -> str:
    """What is wrong with a regular expression; empty when nothing is."""
    try:
        re.compile(pattern)
    except re.error as error:
        return f"not a regular expression: {error}"
    bare = _ESCAPED.sub("x", pattern)
    if "(" in bare or re.search(r"\\[1-9]", pattern):
        return "a regular expression here has no groups and no back references"
    if any(len(_REPEATS.findall(part)) > 2 for part in bare.split("|")):
        return "a regular expression here repeats at most twice in each alternative"
    return ""


def facts(alert: Any) -> dict[str, str]:
    """What matchers see of an alert (a row or an object)."""
    found = {str(name): str(value) for name, value in alert.labels.items()}
    return found | {name: str(getattr(alert, name)) for name in _BUILT_IN}


def matches(matchers: Iterable[Mapping[str, str]], known: Mapping[str, str]) -> bool:
    """Whether all of them hold; none at all means every alert."""
    return all(_holds(m["op"], m["value"], known.get(m["name"], "")[:LONGEST_VALUE]) for m in matchers)


def _holds(op: str, wanted: str, value: str) -> bool:
    if op in {"=", "!="}:
        return (value == wanted) is (op == "=")
    return (_compiled(wanted).fullmatch(value) is not None) is (op == "=~")


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def is_silenced(alert: AnyRow | Any, now: Any) -> bool:
    """Whether nobody is told of the alert for now."""
    return alert.suppressed_by is not None or (
        alert.silenced_until is not None and alert.silenced_until > now
    )
