"""What signals cost: sending them beside psql's COPY and row-by-row inserts, and the overview beside its SQL.

    infra/dev bench observability [--write] [--seconds 20] [--signals 10000000]

Everything is of one run on one server: the same 5,000 rows a batch go into the same table, its indexes and policies.
"""

import argparse
import os
import platform
import sys
from datetime import UTC, datetime

from bench import report, signals, stack
from bench.stack import NoStackError, Stack


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What signals cost.")
    parser.add_argument("--seconds", type=float, default=20, help="of each ingest measurement")
    parser.add_argument("--signals", type=int, default=10_000_000, help="rows under the overview")
    parser.add_argument("--copies", type=int, default=40, help="batches of 5,000 rows that psql copies")
    parser.add_argument("--rows", type=int, default=2000, help="rows inserted one by one (at most 5,000)")
    parser.add_argument("--rounds", type=int, default=3, help="times the overview is asked for")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    # The other benches' sizes, which say nothing here: the test of all benches passes them.
    known, _ = parser.parse_known_args()
    return known


def measured(given: argparse.Namespace, running: Stack) -> str:
    one = signals.make_sender(running.base_url)
    copied = signals.by_copy(running, one.tenant_id, given.copies)
    single = signals.over_http([running.base_url], one, given.seconds)
    with signals.servers(running, 2) as urls:
        four = signals.over_http(urls * 2, one, given.seconds)
    again = signals.by_copy(running, one.tenant_id, given.copies)
    by_row = signals.by_row(running, one.tenant_id, given.rows)
    many = signals.make_sender(running.base_url)
    signals.fill(running, many.tenant_id, given.signals)
    asked, queried = signals.overview(running, many, given.rounds)
    copy = (copied + again) / 2
    rows = [
        ("psql, COPY … FROM STDIN as superuser", f"{copy:,.0f}", "1.00"),
        ("one client, one server process", f"{single:,.0f}", f"{single / copy:.2f}"),
        ("four clients, two server processes", f"{four:,.0f}", f"{four / copy:.2f}"),
        ("ORM, row by row, as the app role", f"{by_row:,.0f}", f"{by_row / copy:.2f}"),
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"""\
Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC on {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at \
the end, Python {platform.python_version()}. {given.seconds:g} s a client measurement; COPY {given.copies} batches \
before and after them ({copied:,.0f} and {again:,.0f} rows a second).

| batches of 5,000 signals into the same table | rows a second | ÷ COPY |
| --- | --- | --- |
{table}

One client stores {single / by_row:.1f} times as many rows a second as row-by-row inserts.

The overview of {given.signals:,} signals takes {asked:.2f} s over HTTP and {queried:.2f} s as SQL in psql: \
{asked / queried:.2f} times as long (medians of {given.rounds}, in turns)."""


def main() -> int:
    given = arguments()
    text = measured(given, stack.from_environment())
    print(text)
    if given.write:
        report.write("observability", text)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NoStackError as error:
        sys.exit(f"error: {error}")
