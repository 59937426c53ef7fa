"""The enum words of the contract, and the sources of alerts."""

from enum import StrEnum


class SignalType(StrEnum):
    LOG = "LOG"
    METRIC = "METRIC"
    TRACE = "TRACE"


class Level(StrEnum):
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


class Severity(StrEnum):
    """P1 wakes somebody, P2 is for today, P3 can wait."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


class AlertStatus(StrEnum):
    OPEN = "OPEN"
    ACKED = "ACKED"
    CLOSED = "CLOSED"


class Source(StrEnum):
    """The part of the product that noticed."""

    SLO = "SLO"
    RULE = "RULE"
    SECURITY = "SECURITY"
    BACKUP = "BACKUP"
    CAPACITY = "CAPACITY"
    ASSETS = "ASSETS"
    STOCK = "STOCK"
    AI = "AI"
    STORAGE = "STORAGE"
    PLATFORM = "PLATFORM"
    EXTERNAL = "EXTERNAL"


def sql_words(words: type[StrEnum]) -> str:
    """The words as a SQL list, for CHECK constraints."""
    return ", ".join(f"'{word.value}'" for word in words)
