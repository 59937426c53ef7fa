"""Imports: a plan that says what it would do, then all of it or nothing, and nothing the second time."""

import io
from typing import Any
from uuid import uuid4

import httpx
import openpyxl
import psycopg
import pytest

from tests.manufacturing.structures import BOM, Structures
from tests.manufacturing.warehouse import Json
from tests.support.fleet import refused
from tests.support.tenants import Tenant

IMPORTS = "/api/warehouse/imports"
ITEMS = """code,name,item_type,uom,tracking,lead_time_days,standard_cost
FG,Drone,finished,Pcs,serial,5,
ARM,Arm,WIP,pcs,,,
TUBE,Carbon tube,RAW,Meter,LOT,12,31.50
BOLT,Bolt M3,RAW,pcs,,,0.02
"""
LINES = """product_code,bom_type,component_code,qty_needed,wastage_percent,position
FG,Manufacturing,ARM,4,,
FG,Manufacturing,BOLT,12,1.5,
ARM,,TUBE,0.25,,10
ARM,,BOLT,2,,20
"""


@pytest.fixture
def made(tenant: Tenant) -> Structures:
    return Structures(tenant)


def upload(made: Structures, content: str | bytes, name: str = "x.csv", **headers: str) -> httpx.Response:
    raw = content.encode() if isinstance(content, str) else content
    return made.client.post(IMPORTS, files={"file": (name, raw)}, headers=headers)


def planned(made: Structures, content: str | bytes) -> Json:
    answer = upload(made, content)
    assert answer.status_code == 201, answer.text
    plan: Json = answer.json()
    return plan


def applied(made: Structures, content: str | bytes) -> Json:
    plan = planned(made, content)
    assert plan["status"] == "PLANNED", plan["errors"]
    answer = made.client.post(f"{IMPORTS}/{plan['id']}:apply")
    assert answer.status_code == 200, answer.text
    done: Json = answer.json()
    return done


def counts(plan: Json) -> tuple[int, int, int, int]:
    return plan["create_count"], plan["update_count"], plan["unchanged_count"], plan["error_count"]


def xlsx(text: str) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for line in text.splitlines():
        cells: list[Any] = line.split(",")
        sheet.append([float(c) if c.replace(".", "").isdigit() else c for c in cells])
    found = io.BytesIO()
    book.save(found)
    return found.getvalue()


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_product_is_imported_and_the_second_plan_changes_nothing(made: Structures, form: str) -> None:
    def file(text: str) -> str | bytes:
        return xlsx(text) if form == "xlsx" else text

    plan = planned(made, file(ITEMS))
    assert (plan["kind"], plan["status"], counts(plan)) == ("ITEMS", "PLANNED", (4, 0, 0, 0))
    assert made.client.get("/api/warehouse/items").json() == []
    assert applied(made, file(ITEMS))["status"] == "APPLIED"
    assert counts(planned(made, file(ITEMS))) == (0, 0, 4, 0)
    stored = {item["code"]: item for item in made.client.get("/api/warehouse/items").json()}
    assert (stored["TUBE"]["uom"], stored["TUBE"]["standard_cost"]) == ("m", "31.5")
    assert (stored["FG"]["tracking"], stored["FG"]["item_type"]) == ("SERIAL", "FINISHED")
    done = applied(made, file(LINES))
    assert (done["kind"], counts(done)) == ("BOMS", (2, 0, 0, 0))
    assert counts(planned(made, file(LINES))) == (0, 0, 2, 0)
    (top,) = made.client.get(BOM, params={"product_id": stored["FG"]["id"]}).json()
    assert made.needs(top, 2) == {"FG": "2", "ARM": "8", "TUBE": "2", "BOLT": "40.36"}
    assert top["status"] == "RELEASED"
    levels = {item["code"]: item["low_level_code"] for item in made.client.get("/api/warehouse/items").json()}
    assert levels == {"FG": 0, "ARM": 1, "TUBE": 2, "BOLT": 2}


def test_applying_twice_changes_nothing_more(made: Structures) -> None:
    plan = planned(made, ITEMS)
    first = made.client.post(f"{IMPORTS}/{plan['id']}:apply")
    second = made.client.post(f"{IMPORTS}/{plan['id']}:apply")
    assert first.json() == second.json()
    assert len(made.client.get("/api/warehouse/items").json()) == 4
    assert made.client.get(f"{IMPORTS}/{plan['id']}").json() == first.json()
    assert [one["id"] for one in made.client.get(IMPORTS).json()] == [plan["id"]]


def test_changes_are_shown_with_before_and_after(made: Structures) -> None:
    applied(made, ITEMS)
    changed = ITEMS.replace("31.50", "33").replace("Bolt M3", "Bolt M4")
    plan = planned(made, changed)
    assert counts(plan) == (0, 2, 2, 0)
    assert {one["key"]: one["fields"] for one in plan["changes"]} == {
        "TUBE": {"standard_cost": ["31.5", "33"]},
        "BOLT": {"name": ["Bolt M3", "Bolt M4"]},
    }
    assert applied(made, changed)["status"] == "APPLIED"
    assert counts(planned(made, changed)) == (0, 0, 4, 0)
    applied(made, LINES)
    revised = applied(made, LINES.replace("FG,Manufacturing,ARM,4", "FG,Manufacturing,ARM,6"))
    assert counts(revised) == (0, 1, 1, 0)
    assert revised["changes"][0]["key"] == "FG (MANUFACTURING)"
    (top,) = (b for b in made.client.get(BOM).json() if b["product_code"] == "FG")
    assert (top["revision"], top["revision_reason"]) == ("Rev 1.1", "Import")
    assert [r["status"] for r in made.get(top, "revisions")] == ["RELEASED", "OBSOLETE"]


def test_errors_name_row_and_column_and_nothing_is_applied(made: Structures, raw: psycopg.Connection) -> None:
    bad = ITEMS + "TUBE,Again,RAW,m,,,\n,No code,RAW,pcs,,,\nX,X,MAGIC,pcs,,,\nY,Y,RAW,cubit,,,\n"
    plan = planned(made, bad)
    assert plan["status"] == "INVALID"
    found = {(one["row"], one["column"], one["code"]) for one in plan["errors"]}
    assert found == {
        (6, "code", "twice"),
        (7, "code", "missing"),
        (8, "item_type", "enum"),
        (9, "uom", "unknown_unit"),
    }
    problem = refused(made.client.post(f"{IMPORTS}/{plan['id']}:apply"), 409, "import_refused")
    assert problem["error_count"] == 4
    assert raw.execute("SELECT count(*) FROM item WHERE tenant_id = %s", (made.tenant.id,)).fetchone() == (0,)


def test_loops_and_unknown_items_are_row_errors(made: Structures) -> None:
    applied(made, ITEMS)
    applied(made, LINES)
    plan = planned(made, "product_code,component_code,qty_needed\nTUBE,FG,1\nGHOST,BOLT,1\nARM,BOLT,0\n")
    found = {(one["row"], one["code"]): one["detail"] for one in plan["errors"]}
    assert set(found) == {(2, "bom_loop"), (3, "unknown_item"), (4, "greater_than")}
    assert found[2, "bom_loop"].count("→") == 3
    both = planned(made, "product_code,component_code,qty_needed\nBOLT,TUBE,1\nTUBE,BOLT,1\n")
    assert [one["code"] for one in both["errors"]] == ["bom_loop"]


def test_variants_of_a_line_that_stays_are_kept(made: Structures) -> None:
    applied(made, ITEMS)
    applied(made, LINES)
    (arm,) = (b for b in made.client.get(BOM).json() if b["product_code"] == "ARM")
    tube = made.get(arm)["lines"][0]
    other = made.item("TUBE-2", uom="m")
    body = {"line_id": tube["id"], "material_id": other, "variant_type": "ALTERNATIVE"}
    assert made.client.post(f"{BOM}/{arm['id']}/variants", json=body).status_code == 201
    assert counts(planned(made, LINES)) == (0, 0, 2, 0)
    applied(made, LINES.replace("ARM,,BOLT,2", "ARM,,BOLT,3"))
    assert [one["material_code"] for one in made.get(arm, "variants")] == ["TUBE-2"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\xff\xfe\x00", "neither XLSX nor text"),
        (b"PK\x03\x04 broken", "XLSX"),
        (b"code,name,item_type,uom,colour\n", "colour"),
        (b"code,name\n", "item_type, uom"),
        (b"code,code\n", "twice"),
        (b"code,name,item_type,uom\nA,A,RAW,pcs,more\n", "more cells"),
    ],
)
def test_a_file_that_is_none_is_refused(made: Structures, content: bytes, said: str) -> None:
    assert said in refused(upload(made, content), 422, "file_unreadable")["detail"]


def test_a_plan_is_made_once_per_key_and_found_by_its_tenant_only(made: Structures, rival: Tenant) -> None:
    boundary = {"Content-Type": "multipart/form-data; boundary=b", "Idempotency-Key": "one"}
    body = f'--b\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n{ITEMS}\r\n--b--\r\n'
    first, second = (made.client.post(IMPORTS, content=body, headers=boundary) for _ in range(2))
    assert first.status_code == 201, first.text
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    refused(rival.client.get(f"{IMPORTS}/{first.json()['id']}"), 404, "import_not_found")
    refused(made.client.post(f"{IMPORTS}/{uuid4()}:apply"), 404, "import_not_found")
