"""A browser: keeps cookies, asks for HTML, fills in forms as they stand on the page, follows nothing by itself."""

from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import httpx
import pytest

from app.kernel.relay import seal
from app.registry import OUTLETS
from tests.support.server import Server
from tests.support.tenants import PASSWORD, Tenant


class Forms(HTMLParser):
    """The forms of a page: action and the values of named inputs."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((given.get("method", "get"), given["action"], {}))
        elif tag == "input" and self.found and "name" in given:
            self.found[-1][2][given["name"]] = given.get("value", "")


class Browser(httpx.Client):
    def __init__(self, url: str) -> None:
        super().__init__(base_url=url, headers={"Accept": "text/html,*/*;q=0.8"}, timeout=30)

    def fill(self, page: str, action: str, **values: str) -> dict[str, str]:
        """The fields of the form with this action on a page, filled in."""
        forms = [fields for _, target, fields in Forms(self.get(page).text).found if target == action]
        return forms[0] | values

    def submit(self, page: str, action: str, **values: str) -> httpx.Response:
        return self.post(action, data=self.fill(page, action, **values))

    def sign_in(self, tenant: Tenant, username: str = "admin", password: str = PASSWORD) -> httpx.Response:
        return self.submit("/login", "/login", tenant=tenant.name, username=username, password=password)


@pytest.fixture
def relay(server: Server) -> Callable[[Tenant], int]:
    """Seal all that a tenant has committed. Transactions of other tests on this server may hold it up: wait for them."""

    def seal_all(tenant: Tenant) -> int:
        total = 0
        while (done := seal(server.database, tenant.id, OUTLETS)).count or done.more:
            total += done.count
        return total

    return seal_all


@pytest.fixture
def browser(server: Server) -> Iterator[Browser]:
    with Browser(server.url) as made:
        yield made


@pytest.fixture
def signed_in(browser: Browser, tenant: Tenant, relay: Callable[[Tenant], int]) -> Browser:
    """A browser signed in as the tenant's administrator, with all events sealed."""
    assert browser.sign_in(tenant).status_code == 303
    relay(tenant)
    return browser
