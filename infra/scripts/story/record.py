"""The README's tour, with the output of a real run."""

import re
from pathlib import Path

BEGIN, END = "<!-- tour:begin -->", "<!-- tour:end -->"


def with_tour(text: str, lines: list[str]) -> str:
    """`text` with what stands between the markers replaced. Raises ValueError unless each stands there once."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"the text needs {BEGIN} and, after it, {END}, once each")
    told = "\n".join(line.rstrip() for line in lines).strip("\n")
    section = f"{BEGIN}\n\n```text\n$ infra/dev demo story\n\n{told}\n```\n\n{END}"
    return re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: section, text, flags=re.DOTALL)


def record(lines: list[str], readme: Path) -> None:
    readme.write_text(with_tour(readme.read_text(), lines))
    print(f"recorded in {readme}", flush=True)
