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

    def location(self, **fields: Any) -> Json:
        return self.post("/locations", **{"code": f"L-{uuid4().hex[:12]}"} | fields)

    def standard(self, kind: str = "INTERNAL") -> str:
        """The id of the standard location of a kind."""
        (found,) = [row for row in self.get("/locations", kind=kind) if row["is_standard"]]
        return str(found["id"])

    def receive(self, item: Json, quantity: Any = 1, **fields: Any) -> Json:
        body = {"move_type": "RECEIVE", "item_id": item["id"], "quantity": quantity} | fields
        return self.post("/stock/moves", **body)

    def try_move(self, item: Json, quantity: Any, **fields: Any) -> httpx.Response:
        return self.try_post("/stock/moves", **{"item_id": item["id"], "quantity": quantity} | fields)

    def stock(self, item: Json, **params: Any) -> list[Json]:
        found: list[Json] = self.get("/stock", item_id=item["id"], **params)
        return found

    def on_hand(self, item: Json, **params: Any) -> list[tuple[str, str]]:
        """On hand and reserved of each place that holds some of the item."""
        return [(row["on_hand"], row["reserved"]) for row in self.stock(item, **params)]

    def try_reserve(self, demand_ref: str, *lines: Json, **fields: Any) -> httpx.Response:
        return self.try_post("/reservations", demand_ref=demand_ref, lines=list(lines), **fields)

    def reserve(self, demand_ref: str, *lines: Json, **fields: Any) -> Json:
        answer = self.try_reserve(demand_ref, *lines, **fields)
        assert answer.status_code == 201, answer.text
        made: Json = answer.json()
        return made

    def check_books(self) -> None:
        """Every balance is the sum of its moves and keeps what its open reservations say."""
        checked = self.get("/stock:verify")
        assert checked["differences"] == []
        assert checked["sound"]


def line(item: Json, quantity: Any, **fields: Any) -> Json:
    return {"item_id": item["id"], "quantity": quantity} | fields
