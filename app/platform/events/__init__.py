"""The event log: lists, live stream, threads, and subscribers that run as jobs."""

from app.platform.events.access import may_read, readable_types
from app.platform.events.permissions import EVENTS_READ
from app.platform.events.reactions import enqueue_reactions, react
from app.platform.events.service import latest, read_event

__all__ = [
    "EVENTS_READ",
    "enqueue_reactions",
    "latest",
    "may_read",
    "react",
    "read_event",
    "readable_types",
]
