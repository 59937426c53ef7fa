"""What can go wrong with inspections."""

from app.kernel.problem import NotFound


class InspectionNotFound(NotFound):
    """No such inspection in this tenant."""

    code, title = "inspection_not_found", "Inspection not found"


class CheckUnknown(NotFound):
    """There is no check of this key; `GET /api/observability/security-inspections/checks` lists them."""

    code, title = "inspection_check_unknown", "Check unknown"
