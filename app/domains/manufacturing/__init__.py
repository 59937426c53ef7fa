"""Manufacturing: items, bills of materials, stock, orders. What other domains may use is listed here.

Parts for work, by the reference of the work (`workorder:<id>`), in the caller's transaction:

    reserved = manufacturing.reserve_parts(tx, work_ref, [manufacturing.Line(item_id, Decimal(4))])
    manufacturing.issue_parts(tx, work_ref)                       # all that is kept for it
    manufacturing.return_parts(tx, work_ref, [manufacturing.Line(item_id, Decimal(1))])
    manufacturing.parts_of(tx, work_ref)                          # what it holds, took and cost
"""

from app.domains.manufacturing.items.errors import ItemNotFound
from app.domains.manufacturing.quantities import Exact, Quantity
from app.domains.manufacturing.stock.errors import InsufficientStock, LocationNotFound, NothingToReturn
from app.domains.manufacturing.stock.parts import (
    PartUse,
    costs_of,
    issue_parts,
    parts_of,
    release_parts,
    reserve_parts,
    return_parts,
)
from app.domains.manufacturing.stock.reservations.words import Allocation, Line, Reserved, Shortage

__all__ = [
    "Allocation",
    "Exact",
    "InsufficientStock",
    "ItemNotFound",
    "Line",
    "LocationNotFound",
    "NothingToReturn",
    "PartUse",
    "Quantity",
    "Reserved",
    "Shortage",
    "costs_of",
    "issue_parts",
    "parts_of",
    "release_parts",
    "reserve_parts",
    "return_parts",
]
