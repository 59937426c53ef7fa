"""Pure: the graph of a routing's operations."""

from collections.abc import Mapping, Sequence
from decimal import Decimal


def order(after: Mapping[str, Sequence[str]]) -> list[str]:
    """The operations so that each follows those in its `after` (Kahn's algorithm), stable by position.

    Raises `KeyError` with an unknown predecessor and `ValueError` with the codes of a cycle.
    """
    for predecessors in after.values():
        for code in predecessors:
            if code not in after:
                raise KeyError(code)
    done: list[str] = []
    waiting = dict(after)
    while waiting:
        ready = [code for code, before in waiting.items() if not set(before) - set(done)]
        if not ready:
            raise ValueError(" → ".join(cycle(waiting)))
        done += ready
        for code in ready:
            del waiting[code]
    return done


def cycle(after: Mapping[str, Sequence[str]]) -> list[str]:
    """One cycle of a graph in which every node waits for another; its first code again at the end."""
    path: list[str] = []
    code = next(iter(after))
    while code not in path:
        path.append(code)
        code = next(before for before in after[code] if before in after)
    return [*path[path.index(code) :], code][::-1]


def passed_on(after: Sequence[str], good: Mapping[str, Decimal], planned: Decimal) -> Decimal:
    """How many units an operation may take in: the fewest that those before it passed on, else what is planned."""
    return min((good[code] for code in after), default=planned)
