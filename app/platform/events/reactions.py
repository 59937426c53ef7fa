"""Subscribers that run as jobs: enqueued when an event is sealed, in the transaction that seals it.

So a reaction is enqueued exactly once for each sealed event and runs at least once, and the reactions of one job to
one subject run one after another in the order of the log.
"""

from collections.abc import Sequence

from app.kernel.events.envelope import Envelope
from app.kernel.jobs.engine import Job, enqueue
from app.kernel.tx import WriteTx

_REACTIONS: dict[str, list[Job]] = {}


def react(event_type: str, job: Job) -> None:
    """Run `job` with `event_id=` for every event of this type. Called by the registry only."""
    jobs = _REACTIONS.setdefault(event_type, [])
    if job not in jobs:
        jobs.append(job)


def enqueue_reactions(tx: WriteTx, envelopes: Sequence[Envelope]) -> None:
    """The outlet of the relay."""
    for event in envelopes:
        for job in _REACTIONS.get(event.type, ()):
            enqueue(tx, job, lock=f"{job.name}:{event.subject}", event_id=str(event.id))
