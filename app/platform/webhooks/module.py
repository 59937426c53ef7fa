"""What the registry takes from webhooks."""

from app.kernel.module import Module
from app.kernel.relay import Outlet
from app.platform.webhooks.api import router
from app.platform.webhooks.delivery import DELIVER
from app.platform.webhooks.fan_out import FAN_OUT
from app.platform.webhooks.outlet import create_deliveries
from app.platform.webhooks.permissions import WEBHOOKS_WRITE
from app.platform.webhooks.replay import SWEEP

OUTLET: Outlet = create_deliveries

module = Module(
    "webhooks",
    routers=[router],
    permissions=[WEBHOOKS_WRITE],
    jobs=[DELIVER, FAN_OUT, SWEEP],
)
