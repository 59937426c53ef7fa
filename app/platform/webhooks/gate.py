"""A bound on how much of one worker process a slow receiver can hold."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID


class Gate:
    """Lets through `total` deliveries at once, at most `each` of them to one endpoint."""

    def __init__(self, *, total: int, each: int) -> None:
        self._total = total
        self._each = each
        self._inside: Counter[UUID] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def enter(self, endpoint: UUID) -> Iterator[bool]:
        """True when there is room; it is given back at the end of the block."""
        with self._lock:
            room = self._inside.total() < self._total and self._inside[endpoint] < self._each
            if room:
                self._inside[endpoint] += 1
        try:
            yield room
        finally:
            if room:
                with self._lock:
                    self._inside[endpoint] -= 1
                    if not self._inside[endpoint]:
                        del self._inside[endpoint]
