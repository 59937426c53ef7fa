"""The counting itself: a script can fail, and what it leaves out is counted."""

import pytest

from infra.scripts.blackbox.facts import Facts
from infra.scripts.story.record import BEGIN, END, with_tour


def test_a_failed_fact_is_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    facts = Facts()
    facts.equal("one and one", 2, 2)
    facts.equal("two and two", 5, 4)
    assert facts.close() == 1
    assert capsys.readouterr().out.splitlines()[-1] == "2 facts, 1 failed"


def test_a_script_without_facts_fails() -> None:
    assert Facts().close() == 1


def test_a_part_that_states_fewer_facts_than_it_promised_fails() -> None:
    facts = Facts()
    facts.part("two facts", 2, lambda: facts.equal("one", 1, 1) and None)
    assert (facts.held, facts.failed) == (1, 1)


def test_a_part_left_out_is_named_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    facts = Facts()
    facts.equal("one", 1, 1)
    facts.part("kills", 9, None, "for the server is not ours")
    assert facts.close() == 0
    *_, left, last = capsys.readouterr().out.splitlines()
    assert left == "left out: 9 of 10 facts (kills)"
    assert last == "1 facts, 0 failed"


def test_a_tour_is_replaced_between_its_markers() -> None:
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    made = with_tour(text, ["", r"  ✓ a \1 line  "])
    assert made.startswith(f"before\n{BEGIN}\n")
    assert made.endswith(f"{END}\nafter\n")
    assert "old" not in made
    assert "\n  ✓ a \\1 line\n" in made
    assert with_tour(made, ["", r"  ✓ a \1 line  "]) == made


@pytest.mark.parametrize("text", ["nothing", f"{END} {BEGIN}", f"{BEGIN} {BEGIN} {END}"])
def test_a_tour_without_its_markers_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="once each"):
        with_tour(text, ["a line"])
