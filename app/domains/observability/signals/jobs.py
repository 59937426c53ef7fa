"""What the worker does with signals."""

from app.domains.observability.signals.rollup import roll_up
from app.domains.observability.signals.upkeep import keep_up
from app.kernel.jobs.engine import Job
from app.kernel.tx import WriteTx


def _roll_up(tx: WriteTx) -> None:
    roll_up(tx)


ROLL_UP = Job("signals.roll_up", run=_roll_up, queue="batch", cron="* * * * *")
KEEP_UP = Job("signals.keep_up", run=keep_up, queue="batch", cron="7 * * * *", free=True)
