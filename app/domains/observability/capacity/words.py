"""The words of capacity."""

from enum import StrEnum


class Decision(StrEnum):
    """What a forecast advises. INSUFFICIENT_DATA: there was no sample at all."""

    SCALE_OUT = "SCALE_OUT"
    SCALE_IN = "SCALE_IN"
    HOLD = "HOLD"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class Method(StrEnum):
    """How a forecast was made. NONE: there was nothing to make it from."""

    NONE = "NONE"
    MEAN = "MEAN"
    SEASONAL_NAIVE = "SEASONAL_NAIVE"
    HOLT_WINTERS = "HOLT_WINTERS"
    THEIL_SEN = "THEIL_SEN"
