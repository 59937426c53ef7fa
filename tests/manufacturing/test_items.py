"""Items and units: what they are, and what they refuse to become."""

from decimal import Decimal
from fractions import Fraction

import pytest

from app.domains.assets.words import AssetType
from app.domains.manufacturing.quantities import plain, rounded
from app.domains.manufacturing.units import service as units
from app.domains.manufacturing.units.standard import STANDARD
from app.domains.manufacturing.words import BuiltAs
from app.kernel.problem import ValidationFailed
from tests.assets.conftest import Working
from tests.manufacturing.warehouse import Warehouse
from tests.support.fleet import pointers, refused
from tests.support.tenants import Tenant


@pytest.fixture
def store(tenant: Tenant) -> Warehouse:
    return Warehouse(tenant)


def test_an_item_is_made_read_listed_and_changed(store: Warehouse) -> None:
    made = store.item(
        code="CELL-21700",
        name="Cell",
        uom="Pcs",
        tracking="LOT",
        lead_time_days=14,
        standard_cost="3.10",
        detail={"maker": "x"},
        colour="an unknown field is ignored",
    )
    assert (made["code"], made["uom"], made["tracking"], made["lead_time_days"]) == (
        "CELL-21700",
        "pcs",
        "LOT",
        14,
    )
    assert made["standard_cost"] == "3.1"
    assert "colour" not in made
    assert store.get(f"/items/{made['id']}") == made
    store.item(code="A-FIRST", item_type="FINISHED")
    assert [row["code"] for row in store.get("/items")] == ["A-FIRST", "CELL-21700"]
    assert [row["code"] for row in store.get("/items", item_type="RAW", code="CELL-21700")] == ["CELL-21700"]
    changed = store.try_patch(
        f"/items/{made['id']}", name="Cell 5 Ah", standard_cost=None, detail={"maker": None, "ah": 5}
    ).json()
    assert (changed["name"], changed["standard_cost"], changed["detail"]) == ("Cell 5 Ah", None, {"ah": 5})
    assert changed["version"] == made["version"] + 1
    stale = store.client.patch(
        f"/api/warehouse/items/{made['id']}", json={"name": "late"}, headers={"If-Match": '"1"'}
    )
    refused(stale, 412, "precondition_failed")


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("Pcs", "pcs"),
        ("Meter", "m"),
        ("Yard", "yd"),
        ("Kg", "kg"),
        ("Roll", "roll"),
        ("Cm", "cm"),
        (" ML ", "ml"),
    ],
)
def test_units_of_the_first_system_are_understood(store: Warehouse, word: str, code: str) -> None:
    assert store.item(uom=word)["uom"] == code


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"uom": "furlong"}, "#/uom"),
        ({"item_type": "THING"}, "#/item_type"),
        ({"code": " "}, "#/code"),
        ({"lead_time_days": -1}, "#/lead_time_days"),
        ({"standard_cost": "-0.01"}, "#/standard_cost"),
        ({"standard_cost": "NaN"}, "#/standard_cost"),
        ({"standard_cost": "1.0123456789"}, "#/standard_cost"),
        ({"asset_type": "UAV"}, "#/asset_type"),
        ({"asset_type": "SUBMARINE", "tracking": "SERIAL"}, "#/asset_type"),
        ({"item_type": "SERVICE", "tracking": "LOT"}, "#/tracking"),
        ({"lot_policy": "FIXED"}, "#/lot_size"),
        ({"lot_policy": "MIN_MULTIPLE", "lot_size": 5}, "#/lot_multiple"),
        ({"lot_policy": "PERIOD"}, "#/lot_days"),
    ],
)
def test_what_an_item_can_not_be_is_named(store: Warehouse, fields: dict[str, object], pointer: str) -> None:
    body = {"code": "X", "name": "x", "item_type": "RAW", "uom": "pcs"} | fields
    assert pointers(refused(store.try_post("/items", **body), 422, "validation_failed")) == [pointer]


def test_a_code_is_taken_once_in_a_tenant(store: Warehouse, rival: Tenant) -> None:
    store.item(code="M3X8")
    body = {"code": "M3X8", "name": "x", "item_type": "RAW", "uom": "pcs"}
    refused(store.try_post("/items", **body), 409, "item_code_taken")
    assert Warehouse(rival).item(code="M3X8")["code"] == "M3X8"


def test_the_unit_of_an_item_stays(store: Warehouse) -> None:
    made = store.item(uom="m")
    assert store.try_patch(f"/items/{made['id']}", uom="Meter").status_code == 200
    refused(store.try_patch(f"/items/{made['id']}", uom="cm"), 409, "item_in_use")
    refused(store.try_patch(f"/items/{made['id']}", uom="ell"), 422)
    refused(
        store.client.get("/api/warehouse/items/0192f0c0-0000-7000-8000-000000000000"), 404, "item_not_found"
    )


def test_asset_types_are_those_of_the_fleet() -> None:
    assert [word.value for word in BuiltAs] == [word.value for word in AssetType]


def test_a_tenant_begins_with_the_standard_units(store: Warehouse) -> None:
    rows = store.get("/units")
    assert {(r["code"], r["name"], r["dimension"], r["numerator"], r["denominator"]) for r in rows} == set(
        STANDARD
    )
    assert all(row["is_standard"] for row in rows)


def test_units_of_ones_own(store: Warehouse) -> None:
    pound = {"code": "LB", "name": "Pound", "dimension": "mass", "numerator": 45359237, "denominator": 10**8}
    made = store.post("/units", **pound)
    assert (made["code"], made["dimension"], made["is_standard"]) == ("lb", "MASS", False)
    refused(store.try_post("/units", **pound), 409, "unit_code_taken")
    refused(store.try_post("/units", **pound | {"code": "Kg"}), 409, "unit_code_taken")
    reserved = refused(store.try_post("/units", **pound | {"code": "Yards"}), 422)
    assert pointers(reserved) == ["#/code"]
    refused(store.try_post("/units", **pound | {"code": "x", "numerator": 0}), 422)
    renamed = store.try_patch(f"/units/{made['id']}", name="Pound (avoirdupois)").json()
    assert renamed["name"] == "Pound (avoirdupois)"
    assert store.get(f"/units/{made['id']}") == renamed
    item = store.item(uom="Lb")
    assert item["uom"] == "lb"
    refused(store.client.delete(f"/api/warehouse/units/{made['id']}"), 409, "unit_in_use")
    other = store.post("/units", **pound | {"code": "stone"})
    assert store.client.delete(f"/api/warehouse/units/{other['id']}").status_code == 204
    refused(store.client.delete(f"/api/warehouse/units/{other['id']}"), 404, "unit_not_found")
    (metre,) = [row for row in store.get("/units", dimension="LENGTH") if row["code"] == "m"]
    refused(store.try_patch(f"/units/{metre['id']}", name="Meter"), 409, "unit_standard")
    refused(store.client.delete(f"/api/warehouse/units/{metre['id']}"), 409, "unit_standard")


def test_conversion_is_exact_and_knows_dimensions(store: Warehouse, working: Working) -> None:
    with working() as tx:
        assert units.factor(tx, "Yard", "cm") == Fraction(9144, 100)
        assert units.convert(tx, Decimal("2.5"), "pair", "pcs") == 5
        assert units.convert(tx, Decimal(1), "m", "yd") == Decimal("1.093613298")
        assert units.convert(tx, Decimal(90), "min", "h") == Decimal("1.5")
        for wrong in (("kg", "m"), ("roll", "pcs"), ("kg", "ell")):
            with pytest.raises(ValidationFailed):
                units.convert(tx, Decimal(1), *wrong)


def test_erpnext_57674_pounds_are_converted_once_and_exactly(store: Warehouse, working: Working) -> None:
    store.post("/units", code="lb", name="Pound", dimension="MASS", numerator=45359237, denominator=10**8)
    with working() as tx:
        kilograms = units.convert(tx, Decimal("2138.484"), "lb", "kg")
    assert kilograms == rounded(Fraction(2138484, 1000) * Fraction(45359237, 10**8))
    assert round(kilograms, 2) == Decimal("970.00")


def test_erpnext_37953_small_quantities_are_not_rounded_away() -> None:
    per_piece = Decimal("0.311") * Decimal("0.0275")
    assert plain(rounded(per_piece) * 1_000_000) == "8552.5"


@pytest.mark.parametrize(
    ("value", "text"),
    [("12.500", "12.5"), ("1E+3", "1000"), ("0.000", "0"), ("-0", "0"), ("1E-9", "0.000000001")],
)
def test_quantities_are_written_plainly(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text
