"""The enum words of items and stock."""

from enum import StrEnum


class ItemType(StrEnum):
    RAW = "RAW"
    WIP = "WIP"
    FINISHED = "FINISHED"
    SERVICE = "SERVICE"


class Tracking(StrEnum):
    """Whether pieces of an item are told apart: not at all, by lot, or each by its serial number."""

    NONE = "NONE"
    LOT = "LOT"
    SERIAL = "SERIAL"


class LotPolicy(StrEnum):
    """How much to order at once: what is needed, a fixed lot, at least a minimum in multiples, or a period's need."""

    LOT_FOR_LOT = "LOT_FOR_LOT"
    FIXED = "FIXED"
    MIN_MULTIPLE = "MIN_MULTIPLE"
    PERIOD = "PERIOD"


class PickPolicy(StrEnum):
    """Which lot is taken first: the one that expires first, or the one received first."""

    FEFO = "FEFO"
    FIFO = "FIFO"


class BuiltAs(StrEnum):
    """What a finished serial may become in the fleet ledger; the same words as there."""

    UAV = "UAV"
    PAYLOAD = "PAYLOAD"
    BATTERY = "BATTERY"
    CONTROLLER = "CONTROLLER"
    DOCK = "DOCK"


class LocationKind(StrEnum):
    """INTERNAL locations hold stock; the others are where it comes from and goes to."""

    INTERNAL = "INTERNAL"
    SUPPLIER = "SUPPLIER"
    CUSTOMER = "CUSTOMER"
    PRODUCTION = "PRODUCTION"
    LOSS = "LOSS"


class MoveType(StrEnum):
    RECEIVE = "RECEIVE"
    ISSUE = "ISSUE"
    RETURN = "RETURN"
    TRANSFER = "TRANSFER"
    ADJUST = "ADJUST"
    REVERSE = "REVERSE"


class AlertSeverity(StrEnum):
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


def sql_words(words: type[StrEnum]) -> str:
    """The words as a SQL list, for CHECK constraints."""
    return ", ".join(f"'{word.value}'" for word in words)
