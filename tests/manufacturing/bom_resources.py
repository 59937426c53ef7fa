"""Bills of materials, variants and import plans, one of each."""

from typing import Any
from uuid import UUID, uuid4

from tests.manufacturing.warehouse import Warehouse
from tests.support.tenants import Tenant

_LAST: dict[UUID, dict[str, Any]] = {}


def _item(tenant: Tenant) -> str:
    return str(Warehouse(tenant).item()["id"])


def bom(tenant: Tenant) -> str:
    line = {"component_id": _item(tenant), "qty_needed": "2"}
    body = {"product_id": _item(tenant), "bom_type": "MANUFACTURING", "lines": [line]}
    _LAST[tenant.id] = tenant.post("/api/warehouse/bom", **body)
    return str(_LAST[tenant.id]["id"])


def line(tenant: Tenant) -> str:
    """Of the bill of materials that was made last, as a path and its body mean the same one."""
    if tenant.id not in _LAST:
        bom(tenant)
    return str(_LAST[tenant.id]["lines"][0]["id"])


def variant(tenant: Tenant) -> str:
    body = {"line_id": line(tenant), "material_id": _item(tenant), "variant_type": "ALTERNATIVE"}
    return str(tenant.post(f"/api/warehouse/bom/{_LAST[tenant.id]['id']}/variants", **body)["id"])


def import_plan(tenant: Tenant) -> str:
    text = f"code,name,item_type,uom\nI-{uuid4().hex},A,RAW,pcs\n"
    answer = tenant.client.post("/api/warehouse/imports", files={"file": ("x.csv", text)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


RESOURCES = {"bom_id": bom, "line_id": line, "variant_id": variant, "import_id": import_plan}
ALIASES = {"product_id": "item_id", "material_id": "item_id"}
BODIES = {
    "select_bom_material": lambda tenant: {"line_id": line(tenant), "quantity": "1"},
    "release_bom": lambda _: {},
}
