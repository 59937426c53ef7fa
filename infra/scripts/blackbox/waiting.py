"""Waiting for a condition."""

import time
from collections.abc import Callable

_PAUSE = 0.05


def until(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Ask until the condition holds; returns the seconds it took. Raises TimeoutError naming `what`."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(_PAUSE)
    return time.monotonic() - began
