"""What can go wrong with thresholds."""

from app.kernel.problem import Conflict, NotFound, Problem


class StockThresholdNotFound(NotFound):
    """No such threshold in this tenant."""

    code, title = "stock_threshold_not_found", "Threshold not found"


class StockThresholdTaken(Conflict):
    """There is a threshold for this item and location."""

    code, title = "stock_threshold_taken", "Threshold taken"


CONSTRAINTS: dict[str, Problem] = {
    "uq_stock_threshold_scope": StockThresholdTaken("There is a threshold for this item and location."),
}
