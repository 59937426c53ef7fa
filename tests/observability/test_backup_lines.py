"""Merging layers and finding differences, over states that nobody would think of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domains.observability.backups.errors import Broken
from app.domains.observability.backups.lines import BLOCK, blocks, differences, in_order, newest
from app.domains.observability.backups.tables import KeyColumn, Shape

SHAPE = Shape(
    name="thing",
    owner="tenant_id",
    key=(KeyColumn(name="name", kind="text"), KeyColumn(name="number", kind="number")),
    columns=("name", "number", "tenant_id", "note"),
)
_ESCAPES = {"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}

text = st.text(st.sampled_from("aZ\\\t\n\r\b\f\v é~"), max_size=4)
states = st.lists(
    st.dictionaries(st.tuples(text, st.integers(-12, 12)), text, max_size=8), min_size=1, max_size=5
)


def escaped(value: str) -> str:
    return "".join(_ESCAPES.get(each, each) for each in value)


def written(state: dict[tuple[str, int], str]) -> list[bytes]:
    """A state as COPY writes it, in the order of PostgreSQL: C collation is the order of bytes."""
    rows = sorted(state.items(), key=lambda row: (row[0][0].encode(), row[0][1]))
    return [f"{escaped(name)}\t{number}\tT\t{escaped(note)}\n".encode() for (name, number), note in rows]


@given(states)
def test_a_chain_of_differences_gives_back_every_state(history: list[dict[tuple[str, int], str]]) -> None:
    layers: list[tuple[list[bytes], list[bytes]]] = []
    for state in history:
        lines = written(state)
        before = newest([(in_order(SHAPE, rows), in_order(SHAPE, gone)) for rows, gone in layers])
        gone: list[bytes] = []
        told = list(differences(SHAPE, before, in_order(SHAPE, lines), gone.append))
        assert [line for line, _ in told] == lines
        layers.append(([line for line, changed in told if changed], gone))
        merged = newest([(in_order(SHAPE, rows), in_order(SHAPE, left)) for rows, left in layers])
        assert [line for _, line in merged] == lines


@given(states)
def test_only_what_changed_is_in_a_layer(history: list[dict[tuple[str, int], str]]) -> None:
    old, new = history[0], history[-1]
    gone: list[bytes] = []
    before = in_order(SHAPE, written(old))
    told = list(differences(SHAPE, before, in_order(SHAPE, written(new)), gone.append))
    changed = [key for key in new if old.get(key) != new[key]]
    assert sum(flag for _, flag in told) == len(changed)
    assert len(gone) == len(old.keys() - new.keys())


def test_rows_out_of_order_are_refused() -> None:
    """A merge of unordered rows would lose some and say nothing."""
    lines = [b"b\t1\tT\t\n", b"a\t1\tT\t\n"]
    with pytest.raises(Broken, match="order"):
        list(in_order(SHAPE, lines))
    with pytest.raises(Broken, match="order"):
        list(in_order(SHAPE, [lines[0], lines[0]]))
    numbers = [b"a\t9\tT\t\n", b"a\t10\tT\t\n"]
    assert [line for _, line in in_order(SHAPE, numbers)] == numbers


@given(st.lists(st.integers(1, BLOCK), max_size=6))
def test_blocks_hold_every_line_once(sizes: list[int]) -> None:
    lines = [bytes([65 + number]) * (size - 1) + b"\n" for number, size in enumerate(sizes)]
    made = list(blocks(lines))
    assert b"".join(made) == b"".join(lines)
    assert all(len(block) < 2 * BLOCK for block in made)
