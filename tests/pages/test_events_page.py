"""`/events`: the tenant's own, as far as the reader may see them, safe to show, page by page."""

import re
from collections.abc import Callable

from tests.pages.conftest import Browser
from tests.support.tenants import PASSWORD, Tenant

Relay = Callable[[Tenant], int]


def _numbers(html: str) -> list[int]:
    return [int(number) for number in re.findall(r'data-field="seq">(\d+)<', html)]


def _types(html: str) -> set[str]:
    return set(re.findall(r'<code data-field="type">([^<]+)</code>', html))


def test_the_latest_events_come_first(signed_in: Browser) -> None:
    html = signed_in.get("/events").text
    numbers = _numbers(html)
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[-1] == 1
    assert "identity.user.created" in _types(html)
    assert f'data-since="{numbers[0]}"' in html


def test_one_type_can_be_chosen(signed_in: Browser) -> None:
    assert _types(signed_in.get("/events", params={"type": "identity.tenant.created"}).text) == {
        "identity.tenant.created"
    }


def test_older_pages_go_on_where_the_last_one_ended(signed_in: Browser, tenant: Tenant, relay: Relay) -> None:
    for number in range(30):
        tenant.post("/api/identity/roles", name=f"role-{number}", permissions=[])
        tenant.post("/api/identity/roles", name=f"rolle-{number}", permissions=[])
    relay(tenant)
    first = signed_in.get("/events").text
    (older,) = re.findall(r'href="(/events\?before=\d+)"', first)
    numbers = _numbers(first) + _numbers(signed_in.get(older).text)
    assert numbers == list(range(numbers[0], 0, -1))
    assert numbers[0] > 60


def test_another_tenants_events_are_not_shown(
    signed_in: Browser, tenant: Tenant, rival: Tenant, relay: Relay
) -> None:
    secret = rival.post("/api/identity/users", username="rivals-pilot", password=PASSWORD)
    relay(rival)
    assert str(secret["id"]) not in signed_in.get("/events").text
    assert str(rival.id) not in signed_in.get("/events").text


def test_only_readable_types_are_shown(browser: Browser, tenant: Tenant, relay: Relay) -> None:
    tenant.as_user("events.read", "webhooks.write", username="pilot")
    tenant.post("/api/webhooks", url="https://example.com/", event_types=["*"])
    relay(tenant)
    browser.sign_in(tenant, "pilot")
    html = browser.get("/events").text
    assert _types(html) == {"webhook.created"}
    assert '<option value="identity.user.created"' not in html
    assert _types(browser.get("/events", params={"type": "identity.user.created"}).text) == set()


def test_without_the_permission_there_is_a_page_that_says_so(browser: Browser, tenant: Tenant) -> None:
    tenant.as_user("identity.read", username="clerk")
    browser.sign_in(tenant, "clerk")
    answer = browser.get("/events")
    assert answer.status_code == 403
    assert "events.read" in answer.text
    assert "Sign out" in answer.text


def test_what_users_wrote_is_shown_as_text(browser: Browser, tenant: Tenant) -> None:
    name = '<script>alert("x")</script>'
    tenant.as_user("events.read", username=name)
    assert browser.sign_in(tenant, name).status_code == 303
    html = browser.get("/events").text
    assert name not in html
    assert "&lt;script&gt;" in html
