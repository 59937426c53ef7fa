"""The statements of an operation driven by PostgreSQL's own pgbench: what the database alone can do.

Each client is a pgbench of its own with the script of one target, so that every statement is prepared once and then
only carried out, as in the product's warm connections; values are parameters (`-M prepared`). What must differ from
one operation to the next is derived from a random number, so no statement is added.
"""

import json
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from app.kernel.embedded.binaries import postgres_programs
from bench.trace import Statement, Trace

_PLACE = re.compile(r"%\((\w+)\)s")
_TPS = re.compile(r"tps = ([\d.]+) \(without")
_LATENCY = re.compile(r"^\d+ \d+ (\d+) ", re.MULTILINE)
_FAILED = re.compile(r"number of failed transactions: (\d+)")


@dataclass(frozen=True)
class Rate:
    """Operations per second, and milliseconds of one."""

    per_second: float
    p50: float
    p99: float
    operations: int


class _Script:
    """One target's script; its constants become pgbench variables."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self.variables: dict[str, str] = {}

    def text(self, *, transactions: bool) -> str:
        lines = ["\\set n random(1, 9000000000000000)"] if self._trace.fresh else []
        for step in self._trace.steps:
            single = len(step) == 1 and not transactions
            lines += [] if single else ["BEGIN;"]
            lines += [self._statement(statement) for statement in step]
            lines += [] if single else ["COMMIT;"]
        return "\n".join(lines) + "\n"

    def _statement(self, statement: Statement) -> str:
        def place(match: re.Match[str]) -> str:
            return self._value(statement.params[match[1]])

        sql = _PLACE.sub(place, statement.sql).replace("%%", "%")
        return " ".join(sql.split()).rstrip(";") + ";"

    def _value(self, value: Any) -> str:
        if value is None:
            return "NULL"
        text = _text(value)
        expression = f":{self._name(text)}"
        for number, made in enumerate(self._trace.fresh):
            if made in text:
                expression = f"replace({expression}, '{made}', md5(:n::text || '{number}')::uuid::text)"
        if self._trace.fresh and self._trace.number in text:
            fresh = "lpad((:n % 1000000000000)::text, 12, '0')"
            expression = f"replace({expression}, '{self._trace.number}', {fresh})"
        if expression.startswith("replace") and isinstance(value, UUID):
            return f"({expression})::uuid"
        return expression

    def _name(self, text: str) -> str:
        for name, known in self.variables.items():
            if known == text:
                return name
        name = f"v{len(self.variables)}"
        self.variables[name] = text
        return name


def _text(value: Any) -> str:
    """A value as PostgreSQL reads it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return "{" + ",".join(_text(item) for item in value) + "}"
    if hasattr(value, "obj"):  # psycopg's Json wrappers
        return json.dumps(value.obj)
    return str(value)


def run(url: str, traces: Sequence[Trace], *, clients: int, seconds: float, transactions: bool) -> Rate:
    """Drive the traces for `seconds`. `transactions=False` sends a lone statement without BEGIN and COMMIT."""
    with tempfile.TemporaryDirectory(prefix="hangar-pgbench-") as folder:
        started = []
        for number in range(clients):
            script = _Script(traces[number % len(traces)])
            path = Path(folder, f"{number}.sql")
            path.write_text(script.text(transactions=transactions))
            command = [str(postgres_programs(None) / "pgbench"), "--no-vacuum", "-M", "prepared", "-c", "1"]
            command += ["-T", str(max(1, round(seconds))), "-f", str(path)]
            command += ["--log", "--log-prefix", f"{folder}/log{number}"]
            for name, value in script.variables.items():
                command += ["-D", f"{name}={value}"]
            started.append(
                subprocess.Popen([*command, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            )
        rates = [_tps(process) for process in started]
        log = "".join(path.read_text() for path in Path(folder).glob("log*"))
    taken = sorted(int(micros) for micros in _LATENCY.findall(log))
    return Rate(sum(rates), quantile(taken, 0.5) / 1000, quantile(taken, 0.99) / 1000, len(taken))


def _tps(process: subprocess.Popen[str]) -> float:
    """The rate of one pgbench when it has ended. Raises `RuntimeError` when anything failed."""
    output, errors = process.communicate()
    failed, tps = _FAILED.search(output), _TPS.search(output)
    if process.returncode != 0 or tps is None or (failed and int(failed[1])):
        raise RuntimeError(f"pgbench failed:\n{output[-1000:]}{errors[-2000:]}")
    return float(tps[1])


def quantile(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank quantile of a sorted sequence."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
