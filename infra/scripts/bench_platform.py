"""What the kernel costs: reading one asset, a list of 50, and creating one, among 100,000 assets of 100 tenants.

    infra/dev bench platform [--write] [--seconds 8] [--assets 100000] …

Beside each: the same statements driven by pgbench on the same server, and by a bare Starlette + psycopg handler.
"""

import sys

from bench import measure, report
from bench.stack import NoStackError
from bench.workloads import CREATE, GET, LIST

WORKLOADS = (GET, LIST, CREATE)


def main() -> int:
    given = measure.arguments("What the kernel costs.")
    run, _, stack = measure.measured(WORKLOADS, measure.scale_of(given))
    text = report.markdown(run, WORKLOADS, stack)
    print(text)
    if given.write:
        report.write("platform", text)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NoStackError as error:
        sys.exit(f"error: {error}")
