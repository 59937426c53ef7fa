"""Permission strings, owned by code.

A permission is a `str` ("assets.read"), so it can stand wherever its name does, with a description for the
catalogue and the older words that are accepted in its place.
"""

from collections.abc import Iterable
from typing import Self

EVERYTHING = "*"


class Permission(str):
    """`also`: permissions of earlier systems that open the same door (compatibility gates)."""

    __slots__ = ("also", "description")
    also: tuple[str, ...]
    description: str

    def __new__(cls, name: str, description: str, *, also: Iterable[str] = ()) -> Self:
        made = super().__new__(cls, name)
        made.description = description
        made.also = tuple(also)
        return made

    def granted_by(self, held: frozenset[str]) -> bool:
        return EVERYTHING in held or self in held or any(name in held for name in self.also)
