"""The words of routings and work orders."""

from enum import StrEnum


class WorkStatus(StrEnum):
    """WAITING: an operation before it has not passed anything on. OPEN: it may start."""

    WAITING = "WAITING"
    OPEN = "OPEN"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
