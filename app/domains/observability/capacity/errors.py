"""What can go wrong with capacity."""

from app.kernel.problem import Conflict, NotFound


class CapacityPolicyNotFound(NotFound):
    """No such capacity policy in this tenant."""

    code, title = "capacity_policy_not_found", "Capacity policy not found"


class NoActiveCapacityPolicy(NotFound):
    """There is no active capacity policy for this meter."""

    code, title = "no_active_capacity_policy", "No active capacity policy"


class CapacityBoundsContradict(Conflict):
    """The bounds contradict each other: replicas out of order, or scale-in not below scale-out."""

    code, title = "capacity_bounds_contradict", "Contradictory bounds"
