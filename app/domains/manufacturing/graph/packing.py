"""Pure: a compiled graph as bytes and back. Numbers are divided by what divides them all, and stored narrow."""

import struct
from math import gcd

import numpy as np

from app.domains.manufacturing.graph.compiled import CompiledGraph, Lines
from app.domains.manufacturing.graph.pairs import Ints

FORMAT = b"HGR1"
_HEAD = struct.Struct("<4sqq")
_COLUMN = struct.Struct("<cqq")


def pack(graph: CompiledGraph) -> bytes:
    lines = graph.lines
    columns = (
        graph.level,
        lines.parent,
        lines.child,
        lines.quantity,
        lines.fixed,
        lines.wastage,
        lines.output,
    )
    head = _HEAD.pack(FORMAT, len(graph), len(lines.parent))
    return b"".join([head, graph.ids, *(_packed(column) for column in columns)])


def unpack(blob: bytes) -> CompiledGraph:
    """Raises `ValueError` for bytes of another format, such as an older release's."""
    form, count, _ = _HEAD.unpack_from(blob)
    if form != FORMAT:
        raise ValueError("not a compiled graph of this format")
    at = _HEAD.size + 16 * count
    columns = []
    for _ in range(7):
        column, at = _unpacked(blob, at)
        columns.append(column)
    return CompiledGraph(blob[_HEAD.size : _HEAD.size + 16 * count], columns[0], Lines(*columns[1:]))


def _packed(column: Ints) -> bytes:
    divisor = int(np.gcd.reduce(column)) if len(column) else 1
    divisor = gcd(divisor, 0) or 1
    reduced = column // divisor
    narrow = np.int32 if len(reduced) == 0 or int(np.abs(reduced).max()) < 2**31 else np.int64
    data = reduced.astype(narrow).tobytes()
    return _COLUMN.pack(b"4" if narrow is np.int32 else b"8", divisor, len(data)) + data


def _unpacked(blob: bytes, at: int) -> tuple[Ints, int]:
    width, divisor, size = _COLUMN.unpack_from(blob, at)
    at += _COLUMN.size
    narrow = np.int32 if width == b"4" else np.int64
    column = np.frombuffer(blob, dtype=narrow, count=size // np.dtype(narrow).itemsize, offset=at)
    return column.astype(np.int64) * divisor, at + size
