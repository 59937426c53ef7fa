"""Bills of materials for tests, made over HTTP."""

from typing import Any

import httpx

from tests.manufacturing.warehouse import Warehouse
from tests.support.tenants import Tenant

BOM = "/api/warehouse/bom"
Json = dict[str, Any]


class Structures:
    """Items by their code, and what they are made of."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.client = tenant.client
        self.warehouse = Warehouse(tenant)
        self.items: dict[str, str] = {}

    def item(self, code: str, **fields: Any) -> str:
        """The item's id; made when it is named for the first time."""
        if code not in self.items:
            self.items[code] = str(self.warehouse.item(code=code, **fields)["id"])
        return self.items[code]

    def line(self, component: str, quantity: Any = 1, **fields: Any) -> Json:
        return {"component_id": self.item(component), "qty_needed": str(quantity)} | fields

    def body(self, product: str, *parts: Any, **fields: Any) -> Json:
        """Parts are component codes, or (code, quantity), or lines."""
        lines = [
            part if isinstance(part, dict) else self.line(*((part,) if isinstance(part, str) else part))
            for part in parts
        ]
        return {"product_id": self.item(product), "bom_type": "MANUFACTURING", "lines": lines} | fields

    def try_bom(self, product: str, *parts: Any, **fields: Any) -> httpx.Response:
        return self.client.post(BOM, json=self.body(product, *parts, **fields))

    def bom(self, product: str, *parts: Any, **fields: Any) -> Json:
        answer = self.try_bom(product, *parts, **fields)
        assert answer.status_code == 201, answer.text
        made: Json = answer.json()
        return made

    def put(self, bom: Json, **fields: Any) -> Json:
        answer = self.client.put(f"{BOM}/{bom['id']}", json=fields)
        assert answer.status_code == 200, answer.text
        made: Json = answer.json()
        return made

    def get(self, bom: Json, what: str = "", **params: Any) -> Any:
        path = f"{BOM}/{bom['id']}" + (f"/{what}" if what else "")
        answer = self.client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def needs(self, bom: Json, quantity: Any = 1, **params: Any) -> dict[str, str]:
        """The flat explosion: quantities by code."""
        rows = self.get(bom, "explode", flat="true", quantity=str(quantity), **params)
        return {row["code"]: row["quantity"] for row in rows}
