"""Pure: titles and messages with names in braces. Nothing is evaluated: a name is looked up or left empty."""

import re
from collections.abc import Mapping

_NAME = re.compile(r"\{([a-zA-Z_][a-zA-Z0-9_]*(?:\.[a-zA-Z0-9_-]+)*)\}")


def names_in(template: str) -> set[str]:
    """The first part of each name: `payload` of `{payload.asset_id}`."""
    return {name.partition(".")[0] for name in _NAME.findall(template)}


def fill(template: str, values: Mapping[str, object]) -> str:
    """`{name}` becomes `values["name"]`, `{a.b}` the entry `b` of the mapping `a`; one that is not there, nothing."""
    return _NAME.sub(lambda found: _text(_look_up(found[1], values)), template)


def _look_up(path: str, values: Mapping[str, object]) -> object:
    found: object = values
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
