"""Explosion, where-used, cost, what can be built and compare over HTTP, by the SQL and by the compiled engine."""

import csv
import io
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from uuid import UUID, uuid4

import psycopg
import pytest

from app.domains.manufacturing.graph import store
from app.domains.manufacturing.graph.rounding import micros, text_of
from tests.assets.conftest import Working
from tests.manufacturing import oracle
from tests.manufacturing.structures import BOM, Json, Structures
from tests.support.fleet import pointers, refused
from tests.support.tenants import Tenant


@pytest.fixture
def made(tenant: Tenant) -> Structures:
    return Structures(tenant)


@pytest.fixture(params=["sql", "compiled"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Both engines answer the same requests."""
    monkeypatch.setattr(store, "WORTH_COMPILING", 1 if request.param == "compiled" else 10**9)
    yield str(request.param)
    store.CACHE.clear()


def stocked(raw: psycopg.Connection, made: Structures, **on_hand: str) -> None:
    """Put balances where the ledger would have left them."""
    place = uuid4()
    raw.execute(
        "INSERT INTO location (tenant_id, id, code, kind, path, created_at, updated_at)"
        " VALUES (%s, %s, %s, 'INTERNAL', %s, now(), now())",
        (made.tenant.id, place, f"L-{place.hex[:8]}", f"{place.hex}/"),
    )
    for code, quantity in on_hand.items():
        raw.execute(
            "INSERT INTO stock_balance (tenant_id, id, item_id, location_id, on_hand, created_at)"
            " VALUES (%s, %s, %s, %s, %s, now())",
            (made.tenant.id, uuid4(), made.item(code), place, quantity),
        )


def test_erpnext_41579_a_raw_in_several_sub_assemblies_is_added_up(made: Structures, engine: str) -> None:
    """The same raw item in several sub-assemblies on several levels, for 3: 18 and not 33."""
    made.bom("SUB1", ("RAW", 1))
    made.bom("SUB2", ("SUB1", 1), ("RAW", 1))
    top = made.bom("FG", ("SUB1", 1), ("SUB2", 1), ("RAW", 3))
    assert made.needs(top, 3)["RAW"] == "18"


def test_erpnext_58809_two_products_of_one_sub_assembly_are_both_counted(
    made: Structures, engine: str, working: Working
) -> None:
    from app.domains.manufacturing.graph import reach

    made.bom("SUB", ("RAW", 2))
    made.bom("FG1", ("SUB", 1))
    made.bom("FG2", ("SUB", 3))
    demands = {UUID(made.items["FG1"]): Fraction(10), UUID(made.items["FG2"]): Fraction(10)}
    raw_id = UUID(made.items["RAW"])
    with working() as tx:
        held = store.current(tx)
        assert (held is not None) == (engine == "compiled")
        if held is not None:
            reached, needs = held.graph.explode(demands)
            found = {held.graph.item(int(n)): need for n, need in zip(reached, needs, strict=True)}
            assert found[raw_id] == 80 * 10**6
        assert reach.below_items(tx, demands, tx.now).explode(demands)[raw_id] == 80


def test_erpnext_37785_a_raw_in_two_sub_assemblies_is_needed_twice_when_one_is_in_stock(
    made: Structures, raw: psycopg.Connection
) -> None:
    """With sub-assemblies skipped that are in stock: the raw item is needed for both, 2 and not 1."""
    made.bom("SUB1", ("RAW", 1))
    made.bom("SUB2", ("RAW", 1))
    top = made.bom("FG", ("SUB1", 1), ("SUB2", 1))
    assert made.needs(top)["RAW"] == "2"
    stocked(raw, made, RAW="1")
    answer = made.get(top, "max-buildable")
    assert answer["quantity"] == 0
    assert [(one["code"], one["needed"], one["available"]) for one in answer["limiting"]] == [
        ("RAW", "2", "1")
    ]
    stocked(raw, made, SUB1="1")
    assert made.get(top, "max-buildable")["quantity"] == 1


def test_erpnext_37953_decimals_are_not_rounded_on_the_way(made: Structures, engine: str) -> None:
    made.bom("MIX", ("POWDER", "0.0275"))
    assert made.needs(made.bom("TILE", ("MIX", "0.311")), 1_000_000)["POWDER"] == "8552.5"


def test_odoo_149287_the_diamond_of_26(made: Structures, engine: str) -> None:
    codes = [chr(65 + n) for n in range(26)]
    for number in range(24, -1, -1):
        top = made.bom(codes[number], *codes[number + 1 :])
    needs = made.needs(top)
    assert needs == {"A": "1", "B": "1"} | {code: str(2 ** (n - 1)) for n, code in enumerate(codes) if n > 1}
    tree = made.get(top, "explode")
    assert len(tree) == 1 + 325
    assert sum(Fraction(row["quantity"]) for row in tree if row["code"] == "Z") == 2**24
    assert made.get(top, "max-buildable")["quantity"] == 0


def test_wastage_output_and_fixed_quantities_count_once_each(made: Structures, engine: str) -> None:
    made.bom("SUB", made.line("RAW", 2, wastage_percent="5", fixed_qty="1"), qty_output=4)
    top = made.bom("FG", ("SUB", 1), made.line("SUB", 2, fixed_qty="0.5"))
    needs = made.needs(top, 10)
    assert needs["SUB"] == "30.5"
    assert needs["RAW"] == text_of(micros(Fraction("30.5") * 2 * Fraction("1.05") / 4 + 1))


def test_the_flat_rows_have_low_level_codes_and_the_tree_adds_up_to_them(made: Structures) -> None:
    made.bom("SUB", ("RAW", 2), ("BOLT", 4))
    top = made.bom("FG", made.line("SUB", 2, is_phantom=True), ("BOLT", 1), ("OTHER", 1))
    made.bom("OTHER", ("SUB", 1))
    flat = made.get(top, "explode", flat="true", quantity="2.5")
    assert [(row["code"], row["level"], row["quantity"], row["uom"]) for row in flat] == [
        ("FG", 0, "2.5", "pcs"),
        ("OTHER", 1, "2.5", "pcs"),
        ("SUB", 2, "7.5", "pcs"),
        ("BOLT", 3, "32.5", "pcs"),
        ("RAW", 3, "15", "pcs"),
    ]
    tree = made.get(top, "explode", quantity="2.5")
    assert [(r["level"], r["code"], r["quantity"], r["repeated"]) for r in tree] == [
        (0, "FG", "2.5", False),
        (1, "SUB", "5", False),
        (2, "RAW", "15", False),
        (2, "BOLT", "30", False),
        (1, "BOLT", "2.5", False),
        (1, "OTHER", "2.5", False),
        (2, "SUB", "2.5", True),
    ]
    assert tree[1]["is_phantom"] is True
    for row in flat:
        total = sum(Fraction(r["quantity"]) for r in tree if r["code"] == row["code"])
        assert total == Fraction(row["quantity"])


def test_big_answers_stream_as_ndjson_and_csv(made: Structures, engine: str) -> None:
    top = made.bom("FG", *[f"P{n}" for n in range(30)])
    path, asked = f"{BOM}/{top['id']}/explode", {"flat": "true"}
    plain = made.client.get(path, params=asked).json()
    lines = made.client.get(path, params=asked, headers={"Accept": "application/x-ndjson"})
    assert lines.headers["content-type"].startswith("application/x-ndjson")
    assert [json.loads(line) for line in lines.text.splitlines()] == plain
    table = made.client.get(path, params=asked, headers={"Accept": "text/csv"})
    assert table.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row | {"level": int(row["level"])} for row in rows] == plain


def test_a_kit_explodes_by_its_own_lines_and_its_parts_by_how_they_are_made(
    made: Structures, engine: str
) -> None:
    made.bom("BEAR", ("FUR", 3))
    made.bom("SET", ("BOX", 1))
    kit = made.bom("SET", ("BEAR", 2), bom_type="Kit/Phantom")
    assert made.needs(kit, 2) == {"SET": "2", "BEAR": "4", "FUR": "12"}


def test_an_edit_is_seen_by_the_next_request_and_the_past_stays(
    made: Structures, engine: str, working: Working
) -> None:
    top = made.bom("FG", ("RAW", 1))
    assert made.needs(top)["RAW"] == "1"
    then = datetime.now(UTC).isoformat()
    made.put(top, lines=[made.line("RAW", 2)])
    assert made.needs(top)["RAW"] == "2"
    assert made.needs(top, as_of=then)["RAW"] == "1"
    early = made.client.get(f"{BOM}/{top['id']}/explode", params={"as_of": "2020-01-01T00:00:00Z"})
    refused(early, 404, "bom_revision_not_found")
    if engine == "compiled":
        with working() as tx:
            store.compile_now(tx)
        store.CACHE.clear()
        assert made.needs(top)["RAW"] == "2"
        with working() as tx:
            state = tx.first(store._STATE)
            assert state is not None
            assert state.compiled_version == state.version


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_both_engines_equal_the_oracle_on_random_structures(made: Structures, engine: str, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 the seed is fixed
    count = 9
    lines = [
        oracle.Line(
            parent,
            child,
            dice.randint(1, 3 * 10**9),
            dice.choice([0, 0, 10**8]),
            dice.choice([0, 25_000]),
            3 * 10**9,
        )
        for parent in range(count - 1)
        for child in sorted(dice.sample(range(parent + 1, count), min(2, count - 1 - parent)))
    ]
    for parent in range(count - 2, -1, -1):
        own = [
            made.line(
                f"I{line.child}",
                f"{line.quantity / 10**9:.9f}",
                fixed_qty=f"{line.fixed / 10**9:.9f}",
                wastage_percent=f"{line.wastage / 10**4:.4f}",
            )
            for line in lines
            if line.parent == parent
        ]
        top = made.bom(f"I{parent}", *own, qty_output="3")
    quantity = Fraction("1234.567")
    exact = oracle.needs(lines, {0: quantity})
    found = made.needs(top, "1234.567")
    assert found == {f"I{number}": text_of(micros(need)) for number, need in exact.items()}


def test_where_used_goes_all_the_way_up(made: Structures) -> None:
    lower = made.bom("SUB", ("RAW", 2))
    made.bom("FG1", ("SUB", 3), ("RAW", 1))
    made.bom("FG2", ("FG1", 2))
    rows = made.client.get(f"/api/warehouse/items/{made.items['RAW']}/where-used").json()
    assert [(r["code"], r["level"], r["quantity"]) for r in rows] == [
        ("SUB", 1, "2"),
        ("FG1", 2, "7"),
        ("FG2", 3, "14"),
    ]
    assert [r["code"] for r in made.get(lower, "where-used")] == ["FG1", "FG2"]
    assert made.get(lower, "where-used", quantity="5")[0]["quantity"] == "15"
    refused(made.client.get(f"/api/warehouse/items/{uuid4()}/where-used"), 404, "item_not_found")


def test_cost_is_what_is_bought(made: Structures) -> None:
    made.item("STEEL", uom="kg", standard_cost="2.50")
    made.item("SCREW", standard_cost="0.015")
    made.bom("FRAME", ("STEEL", "1.2"), ("SCREW", 8))
    top = made.bom("BIKE", ("FRAME", 1), ("SCREW", 4), ("BELL", 1))
    found = made.get(top, "cost", quantity="10")
    assert (found["total_cost"], found["unit_cost"]) == ("31.8", "3.18")
    assert (found["complete"], found["missing"]) == (False, ["BELL"])
    assert [(r["code"], r["quantity"], r["cost"]) for r in found["rows"]] == [
        ("BELL", "10", None),
        ("SCREW", "120", "1.8"),
        ("STEEL", "12", "30"),
    ]


def test_max_buildable_shares_components_and_uses_what_is_made_already(
    made: Structures, raw: psycopg.Connection
) -> None:
    made.bom("SUB", ("RAW", 3))
    top = made.bom("FG", ("SUB", 1), ("RAW", 2))
    stocked(raw, made, RAW="21", SUB="2")
    found = made.get(top, "max-buildable")
    assert found["quantity"] == 5
    assert [(one["code"], one["needed"], one["available"]) for one in found["limiting"]] == [
        ("RAW", "24", "21")
    ]


def test_compare_says_what_changed_on_every_level(made: Structures) -> None:
    lower = made.bom("SUB", ("RAW", 2))
    top = made.bom("FG", ("SUB", 1), ("BOLT", 4), ("TAG", 1))
    alone = made.get(top, "compare")
    assert alone["other_revision_id"] is None
    assert {line["change"] for line in alone["lines"]} == {"ADDED"}
    after = made.put(top, lines=[made.line("SUB", 2), made.line("BOLT", 4), made.line("NUT", 4)])
    found = made.get(top, "compare")
    assert (found["revision_id"], found["other_revision_id"]) == (after["revision_id"], top["revision_id"])
    assert found["same"] is False
    changes = {line["code"]: line["change"] for line in found["lines"]}
    assert changes == {"SUB": "CHANGED", "NUT": "ADDED", "TAG": "REMOVED"}
    needs = {one["code"]: (one["before"], one["after"], one["difference"]) for one in found["items"]}
    assert needs == {
        "NUT": ("0", "4", "4"),
        "RAW": ("2", "4", "2"),
        "SUB": ("1", "2", "1"),
        "TAG": ("1", "0", "-1"),
    }
    same = made.put(top, revision_reason="no change")
    again = made.get(top, "compare")
    assert (again["same"], again["lines"], again["items"]) == (True, [], [])
    back: Json = made.get(
        top, "compare", revision_id=top["revision_id"], other_revision_id=same["revision_id"]
    )
    assert {line["code"]: line["change"] for line in back["lines"]}["TAG"] == "ADDED"
    assert lower["content_hash"]
    stranger = made.client.get(f"{BOM}/{top['id']}/compare", params={"revision_id": lower["revision_id"]})
    refused(stranger, 404, "bom_revision_not_found")


def test_parameters_are_checked(made: Structures) -> None:
    top = made.bom("FG", "RAW")
    answer = made.client.get(f"{BOM}/{top['id']}/explode", params={"quantity": "0"})
    assert pointers(refused(answer, 422)) == ["query/quantity"]
    refused(made.client.get(f"{BOM}/{uuid4()}/explode"), 404, "bom_not_found")
    refused(made.client.get(f"{BOM}/{uuid4()}/cost"), 404, "bom_not_found")
    refused(made.client.get(f"{BOM}/{uuid4()}/max-buildable"), 404, "bom_not_found")
    refused(made.client.get(f"{BOM}/{uuid4()}/where-used"), 404, "bom_not_found")
    refused(made.client.get(f"{BOM}/{uuid4()}/compare"), 404, "bom_not_found")
