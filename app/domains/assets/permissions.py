"""Permissions of the fleet. `registry.*` is what clients of the first system hold, and opens the same doors."""

from app.kernel.security.permissions import Permission

REGISTRY_READ = Permission("registry.read", "See drones.")
REGISTRY_WRITE = Permission("registry.write", "Register, change and delete drones.")
ASSETS_READ = Permission("assets.read", "See assets, the pool and reservations.", also=["registry.read"])
ASSETS_WRITE = Permission(
    "assets.write", "Register, install, state, reserve and retire assets.", also=["registry.write"]
)
MAINTENANCE_READ = Permission("maintenance.read", "See work orders.", also=["registry.read"])
MAINTENANCE_WRITE = Permission(
    "maintenance.write", "Open, move and close work orders; ground assets.", also=["registry.write"]
)
MAINTENANCE_RELEASE = Permission(
    "maintenance.release", "Return a grounded asset to service.", also=["registry.write"]
)

ALL = (
    REGISTRY_READ,
    REGISTRY_WRITE,
    ASSETS_READ,
    ASSETS_WRITE,
    MAINTENANCE_READ,
    MAINTENANCE_WRITE,
    MAINTENANCE_RELEASE,
)
