"""Variants of a line: the next revision each time, exact shares, decisions that can be replayed."""

from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domains.manufacturing.bom.shares import (
    Material,
    NoMaterialError,
    choose,
    largest_remainder,
)
from app.domains.manufacturing.bom.variants import replay
from app.domains.manufacturing.bom.words import SelectionMode, VariantType
from tests.manufacturing.structures import BOM, Json, Structures
from tests.support.fleet import refused
from tests.support.tenants import Tenant


@pytest.fixture
def made(tenant: Tenant) -> Structures:
    return Structures(tenant)


def add(made: Structures, bom: Json, material: str, kind: str = "ALTERNATIVE", **fields: Any) -> Any:
    line_id = fields.pop("line_id", bom["lines"][0]["id"])
    body = {"line_id": line_id, "material_id": made.item(material), "variant_type": kind} | fields
    return made.client.post(f"{BOM}/{bom['id']}/variants", json=body)


def test_each_change_makes_the_next_released_revision(made: Structures) -> None:
    bom = made.bom("SHIRT", ("RED", "1.5"))
    added = add(made, bom, "BLUE", "Alternative", weight=30)
    assert added.status_code == 201, added.text
    blue = added.json()
    assert (blue["variant_type"], blue["weight"], blue["sequence"]) == ("ALTERNATIVE", 30.0, 1)
    assert (blue["quantity"], blue["material_code"]) == ("1.5", "BLUE")
    shown = made.get(bom)
    assert (shown["revision_id"], shown["revision"]) == (blue["revision_id"], "Rev 1.1")
    assert shown["lines"][0]["has_variants"] is True
    green = add(made, bom, "GREEN", weight=20, qty_override="1.75").json()
    assert (green["sequence"], green["quantity"]) == (2, "1.75")
    variants = made.get(bom, "variants")
    assert [v["material_code"] for v in variants] == ["BLUE", "GREEN"]
    assert {v["revision_id"] for v in variants} == {green["revision_id"]}
    path = f"{BOM}/{bom['id']}/variants/{blue['id']}"
    changed = made.client.put(path, json={"weight": 40, "sequence": 5})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["weight"], changed.json()["sequence"]) == (40.0, 5)
    removed = made.client.delete(path)
    assert removed.status_code == 200, removed.text
    assert removed.json()["revision_id"] == made.get(bom)["revision_id"]
    assert [v["material_code"] for v in made.get(bom, "variants")] == ["GREEN"]
    assert made.get(bom)["revision"] == "Rev 1.4"
    refused(made.client.delete(path), 404, "bom_variant_not_found")


def test_what_is_refused(made: Structures) -> None:
    bom = made.bom("SHIRT", ("RED", 1), ("THREAD", 1))
    assert add(made, bom, "BLUE", weight=60).status_code == 201
    refused(add(made, bom, "BLUE"), 409, "bom_material_twice")
    refused(add(made, bom, "GREEN", weight="40.0001"), 409, "bom_weights_too_high")
    assert add(made, bom, "GREEN", "PRIMARY", weight=40).status_code == 201
    refused(add(made, bom, "GREY", "PRIMARY"), 409, "bom_primary_twice")
    made.item("PAINT", uom="l")
    refused(add(made, bom, "PAINT"), 409, "bom_unit_mismatch")
    refused(add(made, bom, "GREY", line_id=str(uuid4())), 404, "bom_line_not_found")
    refused(add(made, bom, "SHIRT"), 409, "bom_loop")
    refused(add(made, bom, "GREY", "SPARE"), 422)
    unknown = {"line_id": bom["lines"][0]["id"], "material_id": str(uuid4()), "variant_type": "OPTIONAL"}
    refused(made.client.post(f"{BOM}/{bom['id']}/variants", json=unknown), 404, "item_not_found")
    refused(made.client.post(f"{BOM}/{uuid4()}/variants", json=unknown), 404, "bom_not_found")
    assert [v["material_code"] for v in made.get(bom, "variants")] == ["BLUE", "GREEN"]


def test_units_convert_exactly_and_the_primary_material_is_what_is_used(made: Structures) -> None:
    made.item("ROPE", uom="m")
    made.item("CORD", uom="yd")
    bom = made.bom("SWING", ("ROPE", "9.144"))
    assert add(made, bom, "CORD", "PRIMARY").json()["quantity"] == "10"
    assert made.needs(bom, 3) == {"SWING": "3", "CORD": "30"}


def test_a_replaced_line_loses_its_variants_and_a_kept_one_does_not(made: Structures) -> None:
    bom = made.bom("A", "B")
    add(made, bom, "C")
    made.put(bom, revision_reason="header only")
    assert [v["material_code"] for v in made.get(bom, "variants")] == ["C"]
    made.put(bom, lines=[made.line("B")])
    assert made.get(bom, "variants") == []


def test_a_decision_is_kept_with_its_reason_and_replays(made: Structures) -> None:
    bom = made.bom("A", "B", default_variant_selection="weighted")
    add(made, bom, "C", weight=30)
    add(made, bom, "D", weight="33.3333")
    body = {"line_id": bom["lines"][0]["id"], "quantity": "10", "demand_ref": "order:1"}
    answer = made.client.post(f"{BOM}/{bom['id']}/variants:select", json=body)
    assert answer.status_code == 200, answer.text
    chosen = answer.json()
    shares = {made_by(made, s["material_id"]): s["quantity"] for s in chosen["shares"]}
    assert shares == {"B": "4", "C": "3", "D": "3"}
    assert (chosen["mode"], chosen["demand_ref"]) == ("weighted", "order:1")
    assert replay(SelectionMode(chosen["mode"]), chosen["inputs"]) == chosen["shares"]
    assert made.get(bom, "selections") == [chosen]
    refused(
        made.client.post(f"{BOM}/{bom['id']}/variants:select", json=body | {"mode": "available"}),
        409,
        "bom_nothing_to_choose",
    )
    refused(made.client.post(f"{BOM}/{bom['id']}/variants:select", json=body | {"step": 11}), 422)


def test_cheapest_compares_the_cost_of_the_same_need(made: Structures) -> None:
    made.item("TAPE-M", uom="m", standard_cost="2")
    made.item("TAPE-CM", uom="cm", standard_cost="0.019")
    bom = made.bom("A", ("TAPE-M", 1))
    add(made, bom, "TAPE-CM")
    body = {"line_id": bom["lines"][0]["id"], "quantity": "3", "mode": "cheapest"}
    chosen = made.client.post(f"{BOM}/{bom['id']}/variants:select", json=body).json()
    assert chosen["shares"] == [{"material_id": made.items["TAPE-CM"], "stands_for": "3", "quantity": "300"}]


def made_by(made: Structures, item_id: str) -> str:
    return next(code for code, known in made.items.items() if known == item_id)


WEIGHTS = st.lists(st.fractions(min_value=0, max_value=100, max_denominator=100), min_size=1, max_size=8)


@given(total=st.integers(0, 10_000), weights=WEIGHTS.filter(lambda w: sum(w) > 0))
def test_largest_remainder_gives_everything_away_within_one_of_the_quota(
    total: int, weights: list[Fraction]
) -> None:
    counts = largest_remainder(total, weights)
    assert sum(counts) == total
    for count, weight in zip(counts, weights, strict=True):
        assert abs(count - total * weight / sum(weights)) < 1


@given(
    quantity=st.decimals("0.001", "10000", places=3),
    weights=st.lists(st.integers(0, 50), min_size=1, max_size=2),
)
def test_weighted_shares_add_up_to_the_exact_quantity(quantity: Decimal, weights: list[int]) -> None:
    materials = [Material("own", VariantType.PRIMARY, 0, Fraction(1))] + [
        Material(str(n), VariantType.ALTERNATIVE, n + 1, Fraction(2), Fraction(weight))
        for n, weight in enumerate(weights)
    ]
    shares, reason = choose(SelectionMode.WEIGHTED, quantity, Decimal(1), materials)
    assert sum(share.base for share in shares) == quantity
    assert reason
    again, _ = choose(SelectionMode.WEIGHTED, quantity, Decimal(1), list(reversed(materials)))
    assert again == shares


def test_modes_that_look_at_stock() -> None:
    def some(name: str, sequence: int, available: int, factor: int = 1) -> Material:
        kind = VariantType.PRIMARY if sequence == 0 else VariantType.ALTERNATIVE
        return Material(name, kind, sequence, Fraction(factor), available=Decimal(available))

    def chosen(mode: SelectionMode, *materials: Material) -> str:
        ((share,), _) = choose(mode, Decimal(10), Decimal(1), materials)
        return share.item_id

    short = [some("own", 0, 9), some("b", 1, 19, factor=2), some("c", 2, 10)]
    assert chosen(SelectionMode.PRIMARY, *short) == "own"
    assert chosen(SelectionMode.ANY, *short) == chosen(SelectionMode.AVAILABLE, *short) == "c"
    none = [some("own", 0, 9), some("b", 1, 0)]
    assert chosen(SelectionMode.ANY, *none) == "own"
    with pytest.raises(NoMaterialError):
        choose(SelectionMode.AVAILABLE, Decimal(10), Decimal(1), none)
    with pytest.raises(NoMaterialError):
        choose(SelectionMode.CHEAPEST, Decimal(10), Decimal(1), none)
