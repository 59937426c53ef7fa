"""How a script ends: every fact counted, and an answer nobody promised shown instead of a traceback."""

from collections.abc import Callable

import httpx

from blackbox.api import Unexpected
from blackbox.facts import Facts


def run(play: Callable[[Facts], None]) -> int:
    """The exit code of a script whose facts `play` states."""
    facts = Facts()
    try:
        play(facts)
    except (Unexpected, TimeoutError, httpx.TransportError) as error:
        facts.fact("the script goes on to its end", f"{type(error).__name__}: {error}", holds=False)
    return facts.close()
