"""One bad lot: the story of the product in acts, each a file of infra/scripts/story.

    infra/dev demo story                            on a temporary server of its own
    APP_BASE_URL=http://… python infra/scripts/demo_e2e.py
    .venv/bin/python infra/scripts/demo_e2e.py [--keep] [--record]

--keep    leave the temporary server running until Enter or Ctrl-C
--record  write the output between the tour markers of README.md

With APP_BASE_URL alone the server is somebody else's: what kills or tampers is left out, and said so.
"""

import argparse
import contextlib
import importlib
import pkgutil
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import story
from blackbox.api import base_url
from blackbox.facts import Facts
from blackbox.run import run
from story.own_server import own_server
from story.record import record, with_tour
from story.stack import from_environment
from story.world import World

README = Path(__file__).resolve().parents[2] / "README.md"
_ACT = re.compile(r"act(\d+)_\w+")


def acts() -> Iterator[tuple[int, ModuleType]]:
    """The acts there are, in their order."""
    names = [found.name for found in pkgutil.iter_modules(story.__path__) if _ACT.fullmatch(found.name)]
    for name in sorted(names, key=lambda name: int(_ACT.findall(name)[0])):
        yield int(_ACT.findall(name)[0]), importlib.import_module(f"story.{name}")


def play(facts: Facts) -> None:
    began = time.monotonic()
    world = World(facts, base_url(), from_environment())
    for number, act in acts():
        facts.heading(f"Act {number}  {act.TITLE}")
        act.play(world)
    facts.say(f"\ntold in {time.monotonic() - began:.0f} s")


def main() -> int:
    parser = argparse.ArgumentParser(description="The story of the product, told against a running server.")
    parser.add_argument("--keep", action="store_true", help="leave the temporary server running until Enter")
    parser.add_argument("--record", action="store_true", help="write the output into README.md")
    wanted = parser.parse_args()
    if wanted.record:
        with_tour(README.read_text(), [])  # fails now rather than after the story
    told = Facts()

    def tell(facts: Facts) -> None:
        facts.lines = told.lines
        play(facts)

    with own_server():
        code = run(tell)
        if wanted.keep:
            print(f"\nstill running: {base_url()}; Enter or Ctrl-C ends it", flush=True)
            with contextlib.suppress(KeyboardInterrupt):
                sys.stdin.readline()
    if wanted.record and code == 0:
        record(told.lines, README)
    return code


if __name__ == "__main__":
    sys.exit(main())
