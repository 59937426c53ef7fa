"""Lines of COPY's text format: their keys, merging layers of them, and what differs between two states. Pure.

See PostgreSQL, COPY, "Text Format": columns are parted by tabs, and a tab, newline or backslash inside a value is
written as an escape, so a line is a row and a key is its first columns.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge

from app.domains.observability.backups.errors import Broken
from app.domains.observability.backups.tables import Shape

BLOCK = 1 << 18
Key = tuple[bytes | int, ...]
Keyed = tuple[Key, bytes]
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_ESCAPED = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


def key_reader(shape: Shape) -> Callable[[bytes], Key]:
    """A function from a line to its key, as values that order as the table does."""
    width = len(shape.key)
    numbers = [part.kind == "number" for part in shape.key]

    def read(line: bytes) -> Key:
        parts = line[:-1].split(b"\t", width)[:width]
        return tuple(
            int(part) if number else _plain(part) for part, number in zip(parts, numbers, strict=True)
        )

    return read


def key_line(shape: Shape, line: bytes) -> bytes:
    """The line of a key alone."""
    width = len(shape.key)
    return b"\t".join(line[:-1].split(b"\t", width)[:width]) + b"\n"


def in_order(shape: Shape, lines: Iterable[bytes]) -> Iterator[Keyed]:
    """Lines with their keys. Raises `Broken` when they are not in strictly rising order: a merge would lose rows."""
    read = key_reader(shape)
    before: Key | None = None
    for line in lines:
        key = read(line)
        if before is not None and not before < key:
            raise Broken("order_broken", f"Rows of {shape.name} are not in the order of their key.")
        before = key
        yield key, line


def newest(layers: Sequence[tuple[Iterable[Keyed], Iterable[Keyed]]]) -> Iterator[Keyed]:
    """Rows of a chain, oldest layer first, each `(rows, deleted)`: of every key the newest state, unless deleted."""
    streams = []
    for age, (rows, deleted) in enumerate(reversed(layers)):
        streams.append(_aged(rows, age, gone=False))
        streams.append(_aged(deleted, age, gone=True))
    done: Key | None = None
    for key, _, gone, line in merge(*streams):
        if key != done:
            done = key
            if not gone:
                yield key, line


def differences(
    shape: Shape, before: Iterator[Keyed], now: Iterator[Keyed], deleted: Callable[[bytes], None]
) -> Iterator[tuple[bytes, bool]]:
    """Every line of `now` and whether it is new or changed; `deleted` is given the key's line of what is gone."""
    old = next(before, None)
    for key, line in now:
        while old is not None and old[0] < key:
            deleted(key_line(shape, old[1]))
            old = next(before, None)
        same = old is not None and old[0] == key
        yield line, not (same and old is not None and old[1] == line)
        if same:
            old = next(before, None)
    while old is not None:
        deleted(key_line(shape, old[1]))
        old = next(before, None)


def blocks(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines joined to blocks of some hundred kilobytes."""
    held: list[bytes] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= BLOCK:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def _aged(keyed: Iterable[Keyed], age: int, *, gone: bool) -> Iterator[tuple[Key, int, bool, bytes]]:
    for key, line in keyed:
        yield key, age, gone, line


def _plain(part: bytes) -> bytes:
    if b"\\" not in part:
        return part
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), part)
