"""A temporary server for a story that was given none."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]


@contextmanager
def own_server() -> Iterator[None]:
    """APP_BASE_URL and HANGAR_STACK_STATE point at a server that ends with the block; nothing when one is given."""
    if os.environ.get("APP_BASE_URL"):
        yield
        return
    sys.path.append(str(CHECKOUT))
    from app.kernel.embedded.temporary_server import temporary_server  # noqa: PLC0415 only when there is no server

    os.environ["PYTHONPATH"] = str(CHECKOUT)
    print("starting a temporary server", flush=True)
    with temporary_server({"HANGAR_EGRESS_ALLOW_PRIVATE": "true"}) as variables:
        os.environ.update(variables)
        yield
