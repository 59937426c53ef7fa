"""Storing the compiled graph after an edit, so that other processes and restarts load it instead of making it."""

from app.domains.manufacturing.graph.store import compile_now
from app.kernel.jobs.engine import Job
from app.kernel.tx import WriteTx


def compile_graph(tx: WriteTx) -> None:
    compile_now(tx)


COMPILE = Job("manufacturing.compile_graph", run=compile_graph, queue="batch")
