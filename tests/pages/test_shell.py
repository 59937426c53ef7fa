"""What all pages have in common, and the pages for everybody: landing, errors, static files, problems."""

import re

import httpx
import pytest

from app.kernel.problem import Problem
from app.platform.pages import problem_catalogue
from tests.pages.conftest import Browser, Forms

PUBLIC = ["/", "/login", "/docs/errors", "/no-such-page"]


@pytest.mark.parametrize("path", [*PUBLIC, "/events"])
def test_a_page_runs_nothing_but_our_own_files(signed_in: Browser, path: str) -> None:
    if path == "/login":
        signed_in.cookies.clear()
    answer = signed_in.get(path)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert "*" not in policy
    assert answer.headers["cache-control"] == "no-store"
    html = answer.text
    assert not re.search(r"<script(?![^>]* src=)", html)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", html)
    sources = re.findall(r'(?:src|<link[^>]* href)="([^"]+)"', html)
    assert sources
    assert all(source.startswith("/") and not source.startswith("//") for source in sources)


@pytest.mark.parametrize("path", [*PUBLIC, "/events"])
def test_every_form_that_changes_something_carries_a_token(signed_in: Browser, path: str) -> None:
    seen = [form for form in Forms(signed_in.get(path).text).found if form[0] == "post"]
    signed_in.cookies.clear()
    seen += [form for form in Forms(signed_in.get(path).text).found if form[0] == "post"]
    assert seen
    assert all(len(fields["csrf"]) >= 32 for _, _, fields in seen)


def test_the_landing_page_says_what_runs(browser: Browser) -> None:
    html = browser.get("/").text
    for expected in (
        "Hangar",
        "Database",
        "Migrations",
        "Valkey",
        "Fleet manager",
        'href="/docs"',
        "/openapi.json",
    ):
        assert expected in html


def test_the_landing_page_is_json_unless_html_is_asked_for(anonymous: httpx.Client) -> None:
    for accept in ("*/*", "application/json"):
        answer = anonymous.get("/", headers={"Accept": accept})
        assert answer.headers["content-type"] == "application/json"
        landing = answer.json()
        assert landing["name"] == "Hangar"
        assert (landing["status"], landing["checks"]["db"]) == ("ready", "ok")
        for link in landing["links"].values():
            assert anonymous.get(link).status_code in {200, 401}, link


def test_every_problem_is_explained_under_its_code(browser: Browser) -> None:
    html = browser.get("/docs/errors").text
    codes = {entry.code for entry in problem_catalogue()}
    assert {"not_found", "validation_failed", "webhook_not_found", "form_refused", "internal_error"} <= codes
    assert len(codes) > 25
    for code in codes:
        assert f'id="{code}"' in html
    assert all(entry.description for entry in problem_catalogue())


def test_the_catalogue_leaves_no_problem_out() -> None:
    pending, codes = [Problem], set()
    while pending:
        problem = pending.pop()
        codes.add(problem.code)
        pending.extend(problem.__subclasses__())
    assert codes == {entry.code for entry in problem_catalogue()}


def test_a_problem_is_a_page_for_people_and_a_document_for_programs(browser: Browser) -> None:
    page = browser.get("/no-such-page")
    assert (page.status_code, "Not found" in page.text) == (404, True)
    program = browser.get("/no-such-page", headers={"Accept": "application/json"})
    assert program.headers["content-type"] == "application/problem+json"
    assert browser.get("/api/no-such-thing").headers["content-type"] == "application/problem+json"
    denied = browser.get("/events", headers={"Accept": "application/json"})
    assert (denied.status_code, denied.json()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("hangar.css", "text/css; charset=utf-8"),
        ("live.js", "text/javascript; charset=utf-8"),
        ("hangar.svg", "image/svg+xml"),
    ],
)
def test_static_files_come_from_us_and_are_cached(anonymous: httpx.Client, name: str, kind: str) -> None:
    first = anonymous.get(f"/static/{name}")
    assert (first.status_code, first.headers["content-type"]) == (200, kind)
    again = anonymous.get(f"/static/{name}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    tagged = anonymous.get(f"/static/{name}", params={"v": first.headers["etag"].strip('"')})
    assert "immutable" in tagged.headers["cache-control"]
    assert "immutable" not in first.headers["cache-control"]


def test_a_file_that_is_not_ours_is_not_found(anonymous: httpx.Client) -> None:
    for name in ("nothing.css", "..%2Fmodule.py", "%2Fetc%2Fpasswd"):
        assert anonymous.get(f"/static/{name}").status_code == 404
