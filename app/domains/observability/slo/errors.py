"""What can go wrong with objectives."""

from app.kernel.problem import Conflict, NotFound, Problem


class SloPolicyNotFound(NotFound):
    """No such objective in this tenant."""

    code, title = "slo_policy_not_found", "Objective not found"


class SloPolicyKeyTaken(Conflict):
    """Another objective has this key."""

    code, title = "slo_policy_key_taken", "Objective key taken"


class SloCorrectionNotFound(NotFound):
    """No such correction in this tenant."""

    code, title = "slo_correction_not_found", "Correction not found"


class NoActiveSloPolicy(NotFound):
    """None of the objectives asked for is here and active."""

    code, title = "no_active_slo_policy", "No active objective"


CONSTRAINTS: dict[str, Problem] = {
    "uq_slo_policy_tenant_id_policy_key": SloPolicyKeyTaken("Another objective has this policy_key."),
}
