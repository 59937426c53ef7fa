"""`/kanban`: a board that shows its limits and moves cards by plain forms."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from app.platform.pages import add_static
from tests.manufacturing.warehouse import Warehouse
from tests.pages.conftest import Browser, Forms
from tests.support.tenants import Tenant

KANBAN = "/api/ppic/kanban"
Relay = Callable[[Tenant], int]


class Headings(HTMLParser):
    """Which cards stand below which heading."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.cards: dict[str, list[str]] = {}
        self._lane = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name = dict(attrs).get("id") or ""
        if tag == "h2" and name.startswith("lane-"):
            self._lane = name.removeprefix("lane-")
            self.cards[self._lane] = []
        elif tag == "li" and name.startswith("card-"):
            self.cards[self._lane].append(name.removeprefix("card-"))


def ask(tenant: Tenant, **fields: Any) -> str:
    """The id of a card on the board of Sewing."""
    body = {"product_id": Warehouse(tenant).item()["id"], "qty_requested": 5, "department": "Sewing"}
    return str(tenant.post(f"{KANBAN}/cards", **(body | fields))["id"])


def moves(browser: Browser, card: str) -> dict[str, dict[str, str]]:
    """The forms of a card on the board, by action."""
    forms = [fields for _, _, fields in Forms(browser.get("/kanban/sewing").text).found]
    return {form["action"]: form for form in forms if form.get("card_id") == card}


def test_the_boards_are_listed_with_their_limits(signed_in: Browser, tenant: Tenant) -> None:
    assert "No department has a board yet" in signed_in.get("/kanban").text
    ask(tenant)
    html = signed_in.get("/kanban").text
    assert 'href="/kanban/sewing"' in html
    assert "<dd>1 of 10</dd>" in html
    assert '<a href="/kanban" aria-current="page">Kanban</a>' in html


def test_a_card_is_moved_from_column_to_column_by_forms(signed_in: Browser, tenant: Tenant) -> None:
    card = ask(tenant)
    for action, column in (("approve", "APPROVED"), ("ship", "IN_TRANSIT"), ("receive", "RECEIVED")):
        answer = signed_in.post("/kanban/sewing", data=moves(signed_in, card)[action])
        assert (answer.status_code, answer.headers["location"]) == (303, f"/kanban/sewing#card-{card}")
        assert Headings(signed_in.get("/kanban/sewing").text).cards[column] == [card]
    assert moves(signed_in, card) == {}


def test_rejecting_asks_for_the_reason(signed_in: Browser, tenant: Tenant) -> None:
    card = ask(tenant)
    form = moves(signed_in, card)["reject"]
    without = signed_in.post("/kanban/sewing", data=form)
    assert without.status_code == 422
    assert 'role="alert"' in without.text
    assert signed_in.post("/kanban/sewing", data=form | {"reason": "Enough <there>"}).status_code == 303
    html = signed_in.get("/kanban/sewing").text
    assert Headings(html).cards["REJECTED"] == [card]
    assert "Rejected: Enough &lt;there&gt;" in html


def test_the_most_urgent_card_is_on_top(signed_in: Browser, tenant: Tenant) -> None:
    cards = {word: ask(tenant, priority=word) for word in ("LOW", "URGENT", "NORMAL", "HIGH")}
    shown = Headings(signed_in.get("/kanban/sewing").text).cards["REQUESTED"]
    assert shown == [cards[word] for word in ("URGENT", "HIGH", "NORMAL", "LOW")]


def test_a_full_lane_says_so_and_takes_an_override_with_a_reason(signed_in: Browser, tenant: Tenant) -> None:
    tenant.post(f"{KANBAN}/boards", department="Sewing", limit_approved=1)
    first, second = ask(tenant), ask(tenant)
    plain = moves(signed_in, second)["approve"]
    signed_in.post("/kanban/sewing", data=moves(signed_in, first)["approve"])
    html = signed_in.get("/kanban/sewing").text
    assert "1 of 1, full" in html
    assert "Approved is full." in html
    late = signed_in.post("/kanban/sewing", data=plain)
    assert late.status_code == 409
    assert "Sewing has 1 of at most 1 cards APPROVED." in late.text
    assert Headings(late.text).cards["REQUESTED"] == [second]
    over = moves(signed_in, second)["approve"]
    assert over["override_reason"] == ""
    sent = signed_in.post("/kanban/sewing", data=over | {"override_reason": "Line 2 stands still"})
    assert sent.status_code == 303
    assert "2 of 1, full" in signed_in.get("/kanban/sewing").text


def test_who_may_only_look_has_nothing_to_press(browser: Browser, tenant: Tenant) -> None:
    card = ask(tenant)
    tenant.as_user("ppic.view", username="viewer")
    browser.sign_in(tenant, "viewer")
    assert moves(browser, card) == {}
    html = browser.get("/kanban/sewing").text
    assert "kanban.js" not in html
    (token,) = {form[2]["csrf"] for form in Forms(html).found}
    form = {"card_id": card, "action": "approve", "csrf": token}
    assert browser.post("/kanban/sewing", data=form).status_code == 403
    assert Headings(browser.get("/kanban/sewing").text).cards["REQUESTED"] == [card]


@pytest.mark.parametrize("csrf", ["", "x" * 43])
def test_a_form_without_its_token_moves_nothing(signed_in: Browser, tenant: Tenant, csrf: str) -> None:
    card = ask(tenant)
    form = moves(signed_in, card)["approve"]
    assert signed_in.post("/kanban/sewing", data=form | {"csrf": csrf}).status_code == 403
    sent_elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert signed_in.post("/kanban/sewing", data=form, headers=sent_elsewhere).status_code == 403
    assert Headings(signed_in.get("/kanban/sewing").text).cards["REQUESTED"] == [card]


def test_a_visitor_is_sent_to_sign_in(browser: Browser) -> None:
    answer = browser.get("/kanban/sewing")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Fkanban%2Fsewing")
    posted = browser.post("/kanban/sewing", data={"card_id": "0" * 32, "action": "ship"})
    assert posted.status_code == 401


def test_another_tenants_card_is_not_there(signed_in: Browser, tenant: Tenant, rival: Tenant) -> None:
    theirs, ours = ask(rival), ask(tenant)
    form = moves(signed_in, ours)["approve"]
    assert signed_in.post("/kanban/sewing", data=form | {"card_id": theirs}).status_code == 404
    assert theirs not in signed_in.get("/kanban/sewing").text
    assert rival.client.get(f"{KANBAN}/cards/{theirs}").json()["status"] == "REQUESTED"


def test_the_board_runs_nothing_but_our_own_files(signed_in: Browser, tenant: Tenant) -> None:
    ask(tenant, notes='<script>alert("x")</script>')
    answer = signed_in.get("/kanban/sewing")
    assert "unsafe" not in answer.headers["content-security-policy"]
    html = answer.text
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=", html)
    files = re.findall(r'(?:src|<link[^>]* href)="([^"]+)"', html)
    assert {file.split("?")[0] for file in files} >= {"/static/kanban.css", "/static/kanban.js"}
    for file in files:
        assert signed_in.get(file).status_code == 200
    assert all(len(fields["csrf"]) >= 32 for _, _, fields in Forms(html).found)


def test_what_the_script_listens_to_is_sent(signed_in: Browser, tenant: Tenant, relay: Relay) -> None:
    ask(tenant)
    relay(tenant)
    html = signed_in.get("/kanban/sewing").text
    (since,) = re.findall(r'data-since="(\d+)"', html)
    (watched,) = re.findall(r'data-watched="([^"]+)"', html)
    signed_in.post("/kanban/sewing", data=next(iter(moves(signed_in, _only(html)).values())))
    relay(tenant)
    fresh = tenant.client.get("/api/events", params={"since_seq": since}).json()
    assert {event["type"] for event in fresh} & set(watched.split())


def test_every_control_is_named_for_its_card(signed_in: Browser, tenant: Tenant) -> None:
    ask(tenant)
    html = signed_in.get("/kanban/sewing").text
    buttons = re.findall(r'<button (?:class="primary" )?type="submit"[^>]*>(.*?)</button>', html)
    named = [re.sub(r"<[^>]+>", "", text) for text in buttons if "aside" in text]
    assert sorted(named) == ["Approve SEWING-0001", "Reject SEWING-0001"]


def test_a_static_file_of_a_taken_name_is_refused() -> None:
    with pytest.raises(ValueError, match="already"):
        add_static("app.platform.pages")


def _only(html: str) -> str:
    (card,) = re.findall(r'<li class="ticket[^"]*" id="card-([^"]+)"', html)
    return str(card)
