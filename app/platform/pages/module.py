"""What the registry takes from the pages."""

from app.kernel.module import Module
from app.platform.pages import errors_page, events_page, landing, login, static

module = Module(
    "pages",
    routers=[landing.router, login.router, events_page.router, errors_page.router, static.router],
)
