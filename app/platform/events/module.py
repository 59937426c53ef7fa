from app.kernel.module import Module
from app.platform.events.api import events, threads
from app.platform.events.permissions import PERMISSIONS

module = Module("events", routers=[events, threads], permissions=PERMISSIONS)
