"""Bills of materials: what clients send and get, revisions that freeze, loops that can't close."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from app.domains.manufacturing.bom import usage
from app.domains.manufacturing.bom.labels import next_label
from tests.assets.conftest import Working
from tests.manufacturing.structures import BOM, Structures
from tests.support.fleet import pointers, refused
from tests.support.tenants import Tenant


@pytest.fixture
def made(tenant: Tenant) -> Structures:
    return Structures(tenant)


def at_once(work: list[Callable[[], httpx.Response]]) -> list[httpx.Response]:
    barrier = Barrier(len(work))

    def run(one: Callable[[], httpx.Response]) -> httpx.Response:
        barrier.wait(timeout=30)
        return one()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def test_a_bill_of_materials_is_made_released_and_read(made: Structures) -> None:
    bom = made.bom("BEAR", ("FABRIC", "2.5"), made.line("EYE", 2, wastage_percent=3, position=7))
    assert (bom["bom_type"], bom["revision"], bom["status"]) == ("MANUFACTURING", "Rev 1.0", "RELEASED")
    assert (bom["qty_output"], bom["supports_multi_material"]) == ("1", False)
    assert (bom["product_code"], bom["is_active"]) == ("BEAR", True)
    assert len(bom["content_hash"]) == 64
    first, second = bom["lines"]
    assert (first["component_code"], first["qty_needed"], first["position"]) == ("FABRIC", "2.5", 1)
    assert (second["component_code"], second["wastage_percent"], second["position"]) == ("EYE", 3.0, 7)
    assert first["uom"] == "pcs"
    assert made.get(bom) == bom


def test_the_spellings_and_extra_fields_of_older_clients_are_taken(made: Structures) -> None:
    kit = made.bom("SET", "BEAR", bom_type="Kit/Phantom", some_old_field=1)
    work = made.bom("SET", "BEAR", bom_type="Manufacturing")
    assert (kit["bom_type"], work["bom_type"]) == ("KIT_PHANTOM", "MANUFACTURING")
    assert [b["id"] for b in made.client.get(BOM, params={"bom_type": "Kit/Phantom"}).json()] == [kit["id"]]
    listed = made.client.get(BOM, params={"product_id": made.items["SET"], "active_only": "true"}).json()
    assert [b["id"] for b in listed] == [kit["id"], work["id"]]


def test_what_is_wrong_with_a_body_is_named(made: Structures) -> None:
    answer = made.client.post(BOM, json=made.body("A", bom_type="RECIPE"))
    assert pointers(refused(answer, 422)) == ["#/bom_type"]
    answer = made.client.post(BOM, json=made.body("A", ("B", 0)))
    assert pointers(refused(answer, 422)) == ["#/lines/0/qty_needed"]
    twice = [made.line("B", position=1), made.line("C", position=1)]
    answer = made.client.post(BOM, json=made.body("A", *twice))
    assert pointers(refused(answer, 422)) == ["#/lines/1/position"]
    past = made.try_bom("A", "B", effective_from="2020-01-01T00:00:00Z")
    assert pointers(refused(past, 422)) == ["#/effective_from"]


def test_unknown_items_are_not_found(made: Structures, rival: Tenant) -> None:
    stranger = Structures(rival).item("THEIRS")
    for item in (stranger, str(uuid4())):
        body = {"product_id": item, "bom_type": "MANUFACTURING"}
        refused(made.client.post(BOM, json=body), 404, "item_not_found")
        lines = [{"component_id": item, "qty_needed": 1}]
        refused(made.client.post(BOM, json=made.body("A", lines=lines)), 404, "item_not_found")
    assert made.client.get(BOM).json() == []


def test_a_second_active_one_of_the_type_is_refused(made: Structures) -> None:
    bom = made.bom("A", "B")
    refused(made.try_bom("A", "C"), 409, "bom_exists")
    assert made.client.delete(f"{BOM}/{bom['id']}").status_code == 204
    assert made.bom("A", "C")["id"] != bom["id"]
    assert made.get(bom)["is_active"] is False
    refused(made.client.put(f"{BOM}/{bom['id']}", json={}), 409, "bom_retired")
    refused(made.client.delete(f"{BOM}/{bom['id']}"), 409, "bom_retired")
    refused(made.client.get(f"{BOM}/{uuid4()}"), 404, "bom_not_found")
    refused(made.client.put(f"{BOM}/{uuid4()}", json={}), 404, "bom_not_found")


def test_of_concurrent_posts_one_makes_the_active_one(made: Structures, raw: psycopg.Connection) -> None:
    body = made.body("A", "B", "C")
    crowd = [made.tenant.with_token(made.tenant.token) for _ in range(8)]
    answers = at_once([lambda c=c: c.post(BOM, json=body) for c in crowd])  # type: ignore[misc]
    assert Counter(a.status_code for a in answers) == {201: 1, 409: 7}
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"bom_exists"}
    count = raw.execute("SELECT count(*) FROM bom WHERE tenant_id = %s", (made.tenant.id,)).fetchone()
    assert count == (1,)


def test_put_makes_the_next_revision_and_keeps_the_others(made: Structures) -> None:
    bom = made.bom("A", ("B", 2))
    second = made.put(
        bom, supports_multi_material=True, default_variant_selection="weighted", revision_reason="Two mills"
    )
    assert (second["id"], second["revision"], second["revision_number"]) == (bom["id"], "Rev 1.1", 2)
    assert (second["supports_multi_material"], second["default_variant_selection"]) == (True, "weighted")
    assert second["revision_reason"] == "Two mills"
    assert [line["qty_needed"] for line in second["lines"]] == ["2"]
    assert second["lines"][0]["id"] != bom["lines"][0]["id"]
    third = made.put(bom, lines=[made.line("C", 3)])
    assert [line["component_code"] for line in third["lines"]] == ["C"]
    history = made.get(bom, "revisions")
    assert [(r["revision"], r["status"]) for r in history] == [
        ("Rev 1.2", "RELEASED"),
        ("Rev 1.1", "OBSOLETE"),
        ("Rev 1.0", "OBSOLETE"),
    ]
    assert history[2]["lines"] == bom["lines"]
    assert history[2]["effective_to"] == history[1]["effective_from"]
    stale = made.client.put(f"{BOM}/{bom['id']}", json={}, headers={"If-Match": '"1"'})
    refused(stale, 412, "precondition_failed")


@pytest.mark.parametrize(
    ("label", "following"),
    [
        ("Rev 1.0", "Rev 1.1"),
        ("Rev 1.9", "Rev 2.0"),
        ("Rev 0.7", "Rev 0.8"),
        ("3", "4"),
        ("B", "B 2"),
        ("v1.25", "v1.26"),
    ],
)
def test_labels_count_in_their_last_place(label: str, following: str) -> None:
    assert next_label(label) == following


def test_a_draft_is_held_back_until_it_is_released(made: Structures) -> None:
    bom = made.bom("A", ("B", 1))
    after = made.put(bom, lines=[made.line("B", 5)], draft=True)
    assert (after["revision"], after["lines"][0]["qty_needed"]) == ("Rev 1.0", "1")
    assert made.get(bom, "revisions")[0]["status"] == "DRAFT"
    freed = made.client.post(f"{BOM}/{bom['id']}:release", json={})
    assert freed.status_code == 200, freed.text
    assert (freed.json()["revision"], freed.json()["lines"][0]["qty_needed"]) == ("Rev 1.1", "5")
    refused(made.client.post(f"{BOM}/{bom['id']}:release", json={}), 409, "bom_nothing_to_release")
    draft = made.bom("C", "B", draft=True)
    assert (draft["status"], draft["content_hash"]) == ("DRAFT", None)


def test_a_planned_revision_comes_into_force_by_itself(made: Structures) -> None:
    bom = made.bom("A", ("B", 1))
    soon = datetime.now(UTC) + timedelta(hours=2)
    after = made.put(bom, lines=[made.line("B", 2)], effective_from=soon.isoformat())
    assert after["revision"] == "Rev 1.0"
    later = (soon + timedelta(minutes=1)).isoformat()
    assert made.needs(bom) == {"A": "1", "B": "1"}
    assert made.needs(bom, as_of=later) == {"A": "1", "B": "2"}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE bom_revision SET qty_output = 2 WHERE id = %(revision)s",
        "UPDATE bom_revision SET released_at = NULL, released_by = NULL, content_hash = NULL,"
        " effective_from = NULL WHERE id = %(revision)s",
        "DELETE FROM bom_revision WHERE id = %(revision)s",
        "UPDATE bom_line SET qty_needed = 9 WHERE id = %(line)s",
        "DELETE FROM bom_line WHERE id = %(line)s",
        "INSERT INTO bom_line (tenant_id, id, revision_id, origin_id, position, component_id, qty_needed,"
        " used_item_id, used_quantity, used_fixed) SELECT tenant_id, gen_random_uuid(), revision_id, origin_id,"
        " 99, component_id, 1, used_item_id, 1, 0 FROM bom_line WHERE id = %(line)s",
        "INSERT INTO bom_variant (tenant_id, id, revision_id, line_id, origin_id, material_id, variant_type,"
        " sequence, quantity) SELECT tenant_id, gen_random_uuid(), revision_id, id, origin_id, component_id,"
        " 'ALTERNATIVE', 1, 1 FROM bom_line WHERE id = %(line)s",
    ],
)
def test_a_released_revision_is_frozen_for_raw_sql_too(
    made: Structures, raw: psycopg.Connection, change: str
) -> None:
    bom = made.bom("A", "B")
    ids = {"revision": bom["revision_id"], "line": bom["lines"][0]["id"]}
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        raw.execute(change, ids)
    assert made.get(bom) == bom


def test_a_loop_is_refused_with_its_path(made: Structures) -> None:
    """erpnext#26747, odoo#132477: A uses B, B uses A."""
    made.bom("A", "B")
    problem = refused(made.try_bom("B", "A"), 409, "bom_loop")
    assert problem["path"] == ["B", "A", "B"]
    made.bom("B", "C")
    made.bom("C", "D")
    problem = refused(made.try_bom("D", "X", "A"), 409, "bom_loop")
    assert problem["path"] == ["D", "A", "B", "C", "D"]
    assert problem["path_ids"] == [made.items[code] for code in problem["path"]]
    assert refused(made.try_bom("E", "E"), 409, "bom_loop")["path"] == ["E", "E"]
    refused(made.try_bom("D", "A", draft=True), 409, "bom_loop")
    made.bom("D", "X")
    assert made.needs(made.client.get(BOM).json()[0])["X"] == "1"


def test_two_concurrent_edits_do_not_close_a_loop(made: Structures) -> None:
    """odoo#132477 with both edits under way at once: one of them is refused, in every round."""
    one, two = (made.tenant.with_token(made.tenant.token) for _ in range(2))
    for number in range(8):
        a, b = made.bom(f"A{number}", "X"), made.bom(f"B{number}", "X")
        there = {"lines": [made.line(f"B{number}")]}
        back = {"lines": [made.line(f"A{number}")]}
        answers = at_once(
            [
                lambda a=a, there=there: one.put(f"{BOM}/{a['id']}", json=there),  # type: ignore[misc]
                lambda b=b, back=back: two.put(f"{BOM}/{b['id']}", json=back),  # type: ignore[misc]
            ]
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409], [a.text for a in answers]


def test_low_level_codes_follow_every_edit(made: Structures, raw: psycopg.Connection) -> None:
    def codes() -> dict[str, int]:
        query = "SELECT code, low_level_code FROM item WHERE tenant_id = %s"
        return dict(raw.execute(query, (made.tenant.id,)).fetchall())

    top = made.bom("A", "B", "C")
    assert codes() == {"A": 0, "B": 1, "C": 1}
    made.bom("B", "C")
    assert codes() == {"A": 0, "B": 1, "C": 2}
    made.bom("C", "D")
    made.bom("TOP", "A")
    assert codes() == {"TOP": 0, "A": 1, "B": 2, "C": 3, "D": 4}
    made.put(top, lines=[made.line("D")])
    assert codes() == {"TOP": 0, "A": 1, "B": 0, "C": 1, "D": 2}
    assert made.client.delete(f"{BOM}/{top['id']}").status_code == 204
    assert codes() == {"TOP": 0, "A": 1, "B": 0, "C": 1, "D": 2}


def test_retiring_waits_for_open_orders(made: Structures, working: Working) -> None:
    bom = made.bom("A", "B")
    product = made.items["A"]
    with working() as tx:
        from uuid import UUID

        pinned = usage.pin(tx, {"order:1": UUID(product), "order:2": UUID(product)})
    assert str(pinned["order:1"].revision_id) == bom["revision_id"]
    assert pinned["order:1"].content_hash == bom["content_hash"]
    problem = refused(made.client.delete(f"{BOM}/{bom['id']}"), 409, "bom_in_use")
    assert (problem["uses"], problem["used_by"]) == (2, ["order:1", "order:2"])
    made.put(bom, lines=[made.line("C")])
    with working() as tx:
        assert usage.unpin(tx, ["order:1", "order:2"]) == 2
    assert made.client.delete(f"{BOM}/{bom['id']}").status_code == 204


def test_the_hash_says_whether_two_revisions_mean_the_same(made: Structures) -> None:
    lower = made.bom("B", ("C", 1))
    top = made.bom("A", ("B", 2))
    same = made.put(top, revision_reason="nothing")
    assert same["content_hash"] == top["content_hash"]
    assert made.put(top, lines=[made.line("B", 3)])["content_hash"] != top["content_hash"]
    again = made.put(top, lines=[made.line("B", 2)])
    assert again["content_hash"] == top["content_hash"]
    made.put(lower, lines=[made.line("C", 2)])
    assert made.put(top, revision_reason="a part changed")["content_hash"] != top["content_hash"]


def test_writes_are_events(made: Structures, relay: Any) -> None:
    bom = made.bom("A", "B")
    made.put(bom, revision_reason="x")
    made.client.delete(f"{BOM}/{bom['id']}")
    relay(made.tenant)
    lines = made.client.get("/api/thread", params={"ref": f"bom:{bom['id']}"}).json()
    assert [line["type"] for line in lines] == [
        "bom.created",
        "bom.revised",
        "bom.released",
        "bom.revised",
        "bom.released",
        "bom.retired",
    ]
