"""The words of manufacturing orders."""

from enum import StrEnum


class TaskStatus(StrEnum):
    DRAFT = "DRAFT"
    APPROVED = "APPROVED"
    IN_PROGRESS = "IN_PROGRESS"
    ON_HOLD = "ON_HOLD"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class MaterialStatus(StrEnum):
    """READY: everything is reserved or issued. PARTIAL: some. SHORT: nothing of what is needed."""

    READY = "READY"
    PARTIAL = "PARTIAL"
    SHORT = "SHORT"


class Priority(StrEnum):
    LOW = "LOW"
    NORMAL = "NORMAL"
    HIGH = "HIGH"
    URGENT = "URGENT"


class VarianceClass(StrEnum):
    EXACT = "EXACT"
    MINOR = "MINOR"
    MAJOR = "MAJOR"


class Consumption(StrEnum):
    """BACKFLUSH: taken from stock when output is reported. ISSUE: only when somebody issues it."""

    BACKFLUSH = "BACKFLUSH"
    ISSUE = "ISSUE"


class Action(StrEnum):
    APPROVE = "approve"
    START = "start"
    HOLD = "hold"
    RESUME = "resume"
    RECEIVE = "receive"
    COMPLETE = "complete"
    CANCEL = "cancel"
