"""What the fleet costs: searching the pool, its summary, and a work order from open to close, at 100,000 assets.

    infra/dev bench assets [--write] [--seconds 8] [--assets 100000] …

Beside each: the same statements driven by pgbench on the same server, and by a bare Starlette + psycopg handler. It
fails when a query of one tenant is carried out over the rows of others.
"""

import sys

from bench import measure, plans, report
from bench.stack import NoStackError
from bench.workloads import POOL, SUMMARY, WORK

WORKLOADS = (POOL, SUMMARY, WORK)


def main() -> int:
    given = measure.arguments("What the fleet costs.")
    run, traced, stack = measure.measured(WORKLOADS, measure.scale_of(given))
    run.plans = plans.check(stack.urls["app_url"], WORKLOADS, traced)
    text = report.markdown(run, WORKLOADS, stack)
    print(text)
    if given.write:
        report.write("assets", text)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NoStackError as error:
        sys.exit(f"error: {error}")
