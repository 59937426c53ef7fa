"""What can go wrong with assets."""

from app.kernel.problem import Conflict, NotFound


class AssetNotFound(NotFound):
    """No such asset in this tenant."""

    code, title = "asset_not_found", "Asset not found"


class DroneNotFound(NotFound):
    """No such drone in this tenant."""

    code, title = "drone_not_found", "Drone not found"


class AssetCodeTaken(Conflict):
    """Another asset of this type has the code."""

    code, title = "asset_code_taken", "Asset code taken"


class DroneNameTaken(Conflict):
    """Another drone has the name."""

    code, title = "drone_name_taken", "Drone name taken"


class AssetRetired(Conflict):
    """The asset is retired; nothing about it changes any more."""

    code, title = "asset_retired", "Asset retired"


CONSTRAINTS = {
    "uq_asset_tenant_id_asset_type_asset_code": AssetCodeTaken("This asset_code is taken for this asset_type."),
    "uq_drone_tenant_id_name": DroneNameTaken("A drone of this name exists."),
}
