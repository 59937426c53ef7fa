"""What can go wrong with items."""

from app.kernel.problem import Conflict, NotFound, Problem


class ItemNotFound(NotFound):
    """No such item in this tenant."""

    code, title = "item_not_found", "Item not found"


class ItemCodeTaken(Conflict):
    """Another item has the code."""

    code, title = "item_code_taken", "Item code taken"


class ItemInUse(Conflict):
    """What stock and bills of materials say of the item would change its meaning."""

    code, title = "item_in_use", "Item in use"


CONSTRAINTS: dict[str, Problem] = {
    "uq_item_tenant_id_code": ItemCodeTaken("An item of this code exists."),
}
