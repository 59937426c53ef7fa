"""Facts: one line each, counted, and the exit code that follows from them."""

from collections.abc import Callable
from dataclasses import dataclass, field

_WIDTH = 66


@dataclass
class Facts:
    """`fact` prints what was asked, what came back and ✓ or ✗. What can't be tried is named by `left_out`."""

    held: int = 0
    failed: int = 0
    left: list[tuple[str, int]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def say(self, line: str = "") -> None:
        self.lines.append(line)
        print(line, flush=True)

    def heading(self, text: str) -> None:
        self.say()
        self.say(text)

    def fact(self, asked: str, came: object, *, holds: bool) -> bool:
        self.held, self.failed = self.held + holds, self.failed + (not holds)
        self.say(f"  {'✓' if holds else '✗'} {asked:<{_WIDTH}}  {came}")
        return holds

    def equal(self, asked: str, got: object, wanted: object) -> bool:
        """The fact that `got` is `wanted`; shows both when it is not."""
        holds = got == wanted
        return self.fact(asked, got if holds else f"{got!r}, wanted {wanted!r}", holds=holds)

    def part(self, name: str, count: int, play: Callable[[], None] | None, why: str = "") -> None:
        """Run `play`, which states `count` facts; without it the part is left out, for the reason given."""
        if play is None:
            self.left.append((name, count))
            self.say(f"  – {name}: left out ({count} facts), {why}")
            return
        before = self.held + self.failed
        play()
        stated = self.held + self.failed - before
        if stated != count:
            self.fact(f"{name} states {count} facts", f"{stated}", holds=False)

    def close(self) -> int:
        """The last line, and 1 as the exit code when any fact failed or none was stated."""
        stated = self.held + self.failed
        if self.left:
            missing = sum(count for _, count in self.left)
            names = "; ".join(name for name, _ in self.left)
            self.say(f"\nleft out: {missing} of {stated + missing} facts ({names})")
        self.say(f"{'' if self.left else chr(10)}{stated} facts, {self.failed} failed")
        return 1 if self.failed or not stated else 0
