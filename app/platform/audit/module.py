from app.kernel.module import Module
from app.platform.audit.api import router
from app.platform.audit.permissions import PERMISSIONS

module = Module("audit", routers=[router], permissions=PERMISSIONS)
