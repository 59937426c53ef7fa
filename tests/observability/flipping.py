"""Damage for tests and demonstrations: one bit of one byte, put back afterwards."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def flip_byte(path: Path, seed: int = 0) -> Iterator[int]:
    """Flip one bit somewhere in the file while the block runs; gives the position."""
    whole = path.read_bytes()
    chosen = random.Random(seed)  # noqa: S311 where the damage lies need not be a secret
    position, bit = chosen.randrange(len(whole)), 1 << chosen.randrange(8)
    damaged = bytearray(whole)
    damaged[position] ^= bit
    path.write_bytes(bytes(damaged))
    try:
        yield position
    finally:
        path.write_bytes(whole)
