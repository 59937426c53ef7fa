"""The words of inspections."""

from enum import StrEnum

BASELINE = "phase25-v1"


class CheckStatus(StrEnum):
    PASS = "PASS"  # noqa: S105 the word of the contract, no secret
    WARN = "WARN"
    FAIL = "FAIL"


class InspectionStatus(StrEnum):
    """`FAILED`: the inspection itself could not be carried out; it says nothing about any check."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class Weight(StrEnum):
    """What somebody could do who makes use of what a check found."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
