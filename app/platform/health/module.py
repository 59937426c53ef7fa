from app.kernel.module import Module
from app.platform.health.api import router

module = Module("health", routers=[router])
