"""The ground floor over HTTP: tenancy, permissions, audit, events, idempotency. Two tenants, nothing but requests.

Needs APP_BASE_URL, or runs as `infra/dev verify phase08_integration`. Exit code 1 when a fact fails.
"""

import sys

from blackbox.api import Api, base_url
from blackbox.facts import Facts
from blackbox.run import run
from blackbox.tenants import make_tenant, wait_ready
from phase08 import access, idempotency, record, tenancy


def play(facts: Facts) -> None:
    with Api(base_url()) as anonymous:
        wait_ready(anonymous)
    ours, theirs = make_tenant(base_url(), "Phase 08 A"), make_tenant(base_url(), "Phase 08 B")
    for part in (tenancy, access, idempotency, record):
        facts.heading(part.__doc__ or "")
        part.play(facts, ours, theirs)


if __name__ == "__main__":
    sys.exit(run(play))
