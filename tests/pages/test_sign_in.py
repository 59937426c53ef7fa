"""Sessions of pages: how they begin, what protects them, and everything that ends them."""

from collections.abc import Iterator

import httpx
import pytest

from tests.pages.conftest import Browser
from tests.support.server import Server, settings_for
from tests.support.tenants import PASSWORD, Tenant

COOKIE = "hangar_session"


def test_signing_in_leads_where_one_wanted_to_go(browser: Browser, tenant: Tenant) -> None:
    away = browser.get("/events")
    assert (away.status_code, away.headers["location"]) == (303, "/login?next=%2Fevents")
    answer = browser.submit(
        away.headers["location"], "/login", tenant=tenant.name, username="admin", password=PASSWORD
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/events")
    assert "Sign out" in browser.get("/events").text


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(
    browser: Browser, tenant: Tenant
) -> None:
    cookie = browser.sign_in(tenant).headers["set-cookie"].lower()
    assert cookie.startswith(f"{COOKIE}=hgr_ses_")
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie
    assert "secure" not in cookie


@pytest.mark.parametrize(
    "wrong", [{"password": "not the password"}, {"username": "nobody"}, {"tenant": "no such tenant"}]
)
def test_a_wrong_sign_in_says_nothing_about_what_was_wrong(
    browser: Browser, tenant: Tenant, wrong: dict[str, str]
) -> None:
    given = {"tenant": tenant.name, "username": "admin", "password": PASSWORD} | wrong
    answer = browser.submit("/login", "/login", **given)
    assert answer.status_code == 401
    assert "Tenant, user name or password is wrong." in answer.text
    assert COOKIE not in answer.cookies
    assert given["password"] not in answer.text


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:1"]
)
def test_signing_in_never_leads_to_another_site(browser: Browser, tenant: Tenant, target: str) -> None:
    answer = browser.submit(
        "/login", "/login", tenant=tenant.name, username="admin", password=PASSWORD, next=target
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_signing_in_needs_the_forms_token(browser: Browser, tenant: Tenant) -> None:
    filled = browser.fill("/login", "/login", tenant=tenant.name, username="admin", password=PASSWORD)
    for changed in ({"csrf": ""}, {"csrf": "0" * 64}):
        answer = browser.post("/login", data=filled | changed)
        assert (answer.status_code, COOKIE in browser.cookies) == (403, False)
    stranger = httpx.post(
        browser.base_url.join("/login"), data=filled, headers={"Accept": "application/json"}
    )
    assert (stranger.status_code, stranger.json()["code"]) == (403, "form_refused")


@pytest.mark.parametrize(
    "header", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_form_from_another_site_is_refused(
    browser: Browser, tenant: Tenant, header: dict[str, str]
) -> None:
    filled = browser.fill("/login", "/login", tenant=tenant.name, username="admin", password=PASSWORD)
    assert browser.post("/login", data=filled, headers=header).status_code == 403
    assert COOKIE not in browser.cookies


def test_signing_out_needs_the_token_of_this_session(signed_in: Browser) -> None:
    assert signed_in.post("/logout", data={"csrf": "0" * 64}).status_code == 403
    assert signed_in.get("/events").status_code == 200


def test_signing_out_ends_the_session_on_the_server(signed_in: Browser) -> None:
    kept = signed_in.cookies[COOKIE]
    answer = signed_in.submit("/", "/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert COOKIE not in signed_in.cookies
    signed_in.cookies.set(COOKIE, kept)
    assert signed_in.get("/events").headers["location"] == "/login?next=%2Fevents"
    assert "Sign in" in signed_in.get("/").text


def test_a_session_ends_when_its_user_is_disabled(browser: Browser, tenant: Tenant) -> None:
    tenant.as_user("events.read", username="pilot")
    browser.sign_in(tenant, "pilot")
    assert browser.get("/events").status_code == 200
    users = {user["username"]: user["id"] for user in tenant.client.get("/api/identity/users").json()}
    disabled = tenant.client.patch(f"/api/identity/users/{users['pilot']}", json={"is_active": False})
    assert disabled.status_code == 200
    assert browser.get("/events").status_code == 303
    assert "Sign out" not in browser.get("/").text


def test_the_cookie_alone_changes_nothing_through_the_api(signed_in: Browser) -> None:
    assert signed_in.get("/api/identity/me").status_code == 200
    body = {"url": "https://example.com/", "event_types": ["*"]}
    assert signed_in.post("/api/webhooks", json=body).status_code == 401


def test_text_that_cannot_be_stored_is_a_bad_form(browser: Browser, tenant: Tenant) -> None:
    answer = browser.submit("/login", "/login", tenant="a\x00b", username="admin", password=PASSWORD)
    assert answer.status_code == 422


def test_a_demo_user_that_does_not_exist_here_is_not_found(browser: Browser) -> None:
    assert browser.submit("/", "/login/demo", username="root").status_code == 404


@pytest.fixture
def production(server: Server) -> Iterator[Server]:
    secrets = {"secret_key": "s" * 40, "bootstrap_token": "b" * 40}
    settings = settings_for(server.urls, profile="production", egress_allow_private=False, **secrets)
    with Server(settings, server.urls) as running:
        yield running


def test_in_production_cookies_are_secure_and_there_are_no_demo_users(
    production: Server, tenant: Tenant
) -> None:
    with Browser(production.url) as browser:
        landing = browser.get("/")
        assert "/login/demo" not in landing.text
        assert "; secure" in landing.headers["set-cookie"].lower()
        # The form's cookie is Secure too, and this client keeps to that: it is handed over by hand.
        form_cookie = landing.headers["set-cookie"].partition(";")[0]
        filled = browser.fill("/login", "/login")
        assert (
            browser.post("/login/demo", data={"username": "admin", "csrf": filled["csrf"]}).status_code == 404
        )
        page = httpx.get(f"{production.url}/login", headers={"Cookie": form_cookie, "Accept": "text/html"})
        token = page.text.partition('name="csrf" value="')[2].partition('"')[0]
        answer = httpx.post(
            f"{production.url}/login",
            data={"tenant": tenant.name, "username": "admin", "password": PASSWORD, "csrf": token},
            headers={"Cookie": form_cookie},
        )
        assert answer.status_code == 303
        assert "; secure" in answer.headers["set-cookie"].lower()
