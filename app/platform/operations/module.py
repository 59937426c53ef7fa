from app.kernel.module import Module
from app.platform.operations.api import router
from app.platform.operations.permissions import PERMISSIONS
from app.platform.operations.upkeep import DELETE_EXPIRED_KEYS, FAIL_LOST_OPERATIONS

module = Module(
    "operations",
    routers=[router],
    permissions=PERMISSIONS,
    jobs=[FAIL_LOST_OPERATIONS, DELETE_EXPIRED_KEYS],
)
