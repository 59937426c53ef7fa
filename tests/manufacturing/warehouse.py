"""Items, locations and stock of one tenant, worked on over HTTP."""

from typing import Any
from uuid import uuid4

import httpx

from tests.support.tenants import Tenant

Json = dict[str, Any]


class Warehouse:
    """What the tenant's administrator does in the warehouse. Anything but a success fails the test."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.client = tenant.client

    def get(self, path: str, **params: Any) -> Any:
        answer = self.client.get(f"/api/warehouse{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, **body: Any) -> Json:
        return self.tenant.post(f"/api/warehouse{path}", **body)

    def try_post(self, path: str, **body: Any) -> httpx.Response:
        return self.client.post(f"/api/warehouse{path}", json=body)

    def try_patch(self, path: str, **body: Any) -> httpx.Response:
        return self.client.patch(f"/api/warehouse{path}", json=body)

    def item(self, **fields: Any) -> Json:
        code = fields.pop("code", f"I-{uuid4().hex[:12]}")
        return self.post("/items", **{"code": code, "name": code, "item_type": "RAW", "uom": "pcs"} | fields)
