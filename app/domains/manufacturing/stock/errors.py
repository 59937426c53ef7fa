"""What can go wrong with stock."""

from pydantic import BaseModel, Field

from app.kernel.problem import Conflict, NotFound, Problem


class Missing(BaseModel):
    """What was asked of one item, and what is there for it, in the item's unit."""

    item_id: str
    location_id: str | None
    lot_id: str | None
    requested: str = Field(examples=["7"])
    available: str = Field(examples=["5"])


class MissingMembers(BaseModel):
    missing: list[Missing]


class LocationNotFound(NotFound):
    """No such location in this tenant."""

    code, title = "location_not_found", "Location not found"


class LotNotFound(NotFound):
    """No such lot or serial number of this item in this tenant."""

    code, title = "lot_not_found", "Lot not found"


class StockMoveNotFound(NotFound):
    """No such move in this tenant."""

    code, title = "stock_move_not_found", "Move not found"


class StockReservationNotFound(NotFound):
    """No such reservation of stock in this tenant."""

    code, title = "stock_reservation_not_found", "Reservation not found"


class LocationCodeTaken(Conflict):
    """Another location has the code."""

    code, title = "location_code_taken", "Location code taken"


class LocationLoop(Conflict):
    """A location can't lie below itself."""

    code, title = "location_loop", "Location below itself"


class LotCodeTaken(Conflict):
    """Another lot of the item has the code."""

    code, title = "lot_code_taken", "Lot code taken"


class InsufficientStock(Conflict):
    """Less is free than was asked for; `missing` says of what, how much was asked and how much there is."""

    code, title = "insufficient_stock", "Not enough stock"
    extra = MissingMembers


class SerialInStock(Conflict):
    """The serial number is in stock already: there is one piece of it."""

    code, title = "serial_in_stock", "Serial number in stock"


class MoveReversed(Conflict):
    """The move was reversed already, or is a reversal itself."""

    code, title = "move_reversed", "Move reversed"


class MoveBelongsToDemand(Conflict):
    """The move was made for a reservation; return the goods through what they were issued to."""

    code, title = "move_belongs_to_demand", "Move of a reservation"


class StockReservationEnded(Conflict):
    """Less of the reservation is open than was asked for."""

    code, title = "stock_reservation_ended", "Reservation ended"


class NothingToReturn(Conflict):
    """More would come back than was issued."""

    code, title = "nothing_to_return", "Nothing to return"


class ItemNotStocked(Conflict):
    """The item is a service or is not active, so no stock of it moves."""

    code, title = "item_not_stocked", "Item not stocked"


_SERIAL = SerialInStock("This serial number is in stock already.")
CONSTRAINTS: dict[str, Problem] = {
    "uq_location_tenant_id_code": LocationCodeTaken("A location of this code exists."),
    "uq_lot_tenant_id_item_id_code": LotCodeTaken("A lot of this code exists for the item."),
    "uq_stock_balance_serial": _SERIAL,
    "ck_stock_balance_serial": _SERIAL,
    "uq_stock_move_reverses": MoveReversed("The move was reversed already."),
}
