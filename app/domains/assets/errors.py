"""What can go wrong with assets, reservations and work orders."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.kernel.problem import Conflict, NotFound, Problem


class Window(BaseModel):
    """What is in the way: from when, until when, and what kind of block it is."""

    starts_at: datetime
    ends_at: datetime
    kind: str


class ReservationConflictMembers(BaseModel):
    conflict: Window
    next_free_at: datetime


class Blocker(BaseModel):
    """One thing that must end first: `kind` is BOUND, RESERVED or WORK_ORDER, `ref` names it."""

    kind: str
    ref: str
    detail: str


class RetireBlockedMembers(BaseModel):
    blockers: list[Blocker]


class MoveMembers(BaseModel):
    allowed: list[str] = Field(
        description="The states it can go to from here.", examples=[["IN_PROGRESS", "CANCELED"]]
    )


class AssetNotFound(NotFound):
    """No such asset in this tenant."""

    code, title = "asset_not_found", "Asset not found"


class DroneNotFound(NotFound):
    """No such drone in this tenant."""

    code, title = "drone_not_found", "Drone not found"


class RegionNotFound(NotFound):
    """No such region in this tenant."""

    code, title = "region_not_found", "Region not found"


class ReservationNotFound(NotFound):
    """No such reservation in this tenant."""

    code, title = "reservation_not_found", "Reservation not found"


class WorkOrderNotFound(NotFound):
    """No such work order in this tenant."""

    code, title = "work_order_not_found", "Work order not found"


class AssetNotBuiltHere(NotFound):
    """The asset was registered by hand: no production of this tenant built it, so nothing is known of its parts."""

    code, title = "asset_not_built_here", "Not built here"


class AssetCodeTaken(Conflict):
    """Another asset of this type has the code."""

    code, title = "asset_code_taken", "Asset code taken"


class DroneNameTaken(Conflict):
    """Another drone has the name."""

    code, title = "drone_name_taken", "Drone name taken"


class DroneInUse(Conflict):
    """Assets are installed in the drone; unbind them first."""

    code, title = "drone_in_use", "Drone in use"


class RegionCodeTaken(Conflict):
    """Another region has the code."""

    code, title = "region_code_taken", "Region code taken"


class RegionLoop(Conflict):
    """A region can't lie below itself."""

    code, title = "region_loop", "Region below itself"


class AssetRetired(Conflict):
    """The asset is retired; nothing about it changes any more."""

    code, title = "asset_retired", "Asset retired"


class AssetInstalledElsewhere(Conflict):
    """The asset is installed in another drone or slot; unbind it first."""

    code, title = "asset_installed_elsewhere", "Installed elsewhere"


class AssetNotBound(Conflict):
    """The asset is not installed in any drone."""

    code, title = "asset_not_bound", "Not bound"


class AssetNotGrounded(Conflict):
    """The asset is not grounded."""

    code, title = "asset_not_grounded", "Not grounded"


class SlotTaken(Conflict):
    """Another asset is installed in this slot of the drone."""

    code, title = "slot_taken", "Slot taken"


class RetireBlocked(Conflict):
    """The asset is bound, reserved or being worked on; `blockers` lists what must end first."""

    code, title = "retire_blocked", "Retirement blocked"
    extra = RetireBlockedMembers


class ReservationConflict(Conflict):
    """The asset is taken in this period; `conflict` is the window in the way, `next_free_at` the next free start."""

    code, title = "reservation_conflict", "Asset is taken"
    extra = ReservationConflictMembers


class ReservationEnded(Conflict):
    """The reservation was canceled or is over."""

    code, title = "reservation_ended", "Reservation ended"


class WorkOrderTransitionRefused(Conflict):
    """The work order's state forbids the move; `allowed` lists what is possible from here."""

    code, title = "work_order_transition_refused", "Move refused"
    extra = MoveMembers


CONSTRAINTS: dict[str, Problem] = {
    "uq_asset_tenant_id_asset_type_asset_code": AssetCodeTaken(
        "This asset_code is taken for this asset_type."
    ),
    "uq_drone_tenant_id_name": DroneNameTaken("A drone of this name exists."),
    "uq_region_tenant_id_code": RegionCodeTaken("A region of this code exists."),
    "ex_installation_asset": AssetInstalledElsewhere("The asset is already installed in this period."),
    "ex_installation_slot": SlotTaken("The slot is taken in this period."),
}
