"""Every check there is, in the order in which they are carried out."""

from app.domains.observability.inspections.checks import (
    access,
    configuration,
    database,
    records,
    reliability,
    served,
    software,
)
from app.domains.observability.inspections.checks.base import Check

CHECKS: tuple[Check, ...] = (
    *database.CHECKS,
    *configuration.CHECKS,
    *served.CHECKS,
    *access.CHECKS,
    *records.CHECKS,
    *reliability.CHECKS,
    *software.CHECKS,
)
BY_KEY = {check.key: check for check in CHECKS}

__all__ = ["BY_KEY", "CHECKS", "Check"]
