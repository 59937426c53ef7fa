"""Assets, drones, reservations and work orders of one tenant, made over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from tests.support.tenants import Tenant

ORDERS = "/api/assets/maintenance/workorders"
Json = dict[str, Any]


def soon(**delta: float) -> str:
    """An instant this far from now, as it is sent."""
    return (datetime.now(UTC) + timedelta(**delta)).isoformat()


def refused(answer: httpx.Response, status: int, code: str = "") -> Json:
    """The problem of an answer that had to be refused so."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: Json = answer.json()
    assert problem["status"] == status
    assert problem["request_id"]
    if code:
        assert problem["code"] == code, problem
    return problem


def pointers(problem: Json) -> list[str]:
    return [error["pointer"] for error in problem["errors"]]


class Fleet:
    """What the tenant's administrator does to the fleet. Anything but a success fails the test."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.client = tenant.client

    def asset(self, asset_type: str = "UAV", **fields: Any) -> Json:
        code = fields.pop("asset_code", f"A-{uuid4().hex[:12]}")
        body = {"asset_type": asset_type, "asset_code": code, "name": code} | fields
        return self.tenant.post("/api/assets", **body)

    def drone(self, **fields: Any) -> Json:
        body = {"name": f"D-{uuid4().hex[:12]}", "vendor": "FAKE"} | fields
        return self.tenant.post("/api/registry/drones", **body)

    def read(self, asset: Json, as_of: str = "") -> Json:
        params = {"as_of": as_of} if as_of else {}
        return self.get(f"/api/assets/{asset['id']}", **params)

    def get(self, path: str, **params: Any) -> Any:
        answer = self.client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def act(self, asset: Json, action: str, **body: Any) -> Json:
        """`bind`, `availability`, …; actions beginning with `:` are custom verbs."""
        path = f"/api/assets/{asset['id']}" + (action if action.startswith(":") else f"/{action}")
        return self.tenant.post(path, **body)

    def try_to(self, asset: Json, action: str, **body: Any) -> httpx.Response:
        path = f"/api/assets/{asset['id']}" + (action if action.startswith(":") else f"/{action}")
        return self.client.post(path, json=body)

    def order(self, asset: Json, **fields: Any) -> Json:
        return self.tenant.post(ORDERS, **{"asset_id": asset["id"], "title": "Inspect"} | fields)

    def move(self, order: Json, status: str, **fields: Any) -> Json:
        return self.tenant.post(f"{ORDERS}/{order['id']}/transition", status=status, **fields)

    def close(self, order: Json, **fields: Any) -> Json:
        return self.tenant.post(f"{ORDERS}/{order['id']}/close", **fields)

    def try_reserve(self, asset: Json, starts_at: str, ends_at: str, **fields: Any) -> httpx.Response:
        body = {"asset_id": asset["id"], "starts_at": starts_at, "ends_at": ends_at} | fields
        return self.client.post("/api/assets/reservations", json=body)

    def reserve(self, asset: Json, starts_at: str, ends_at: str, **fields: Any) -> Json:
        answer = self.try_reserve(asset, starts_at, ends_at, **fields)
        assert answer.status_code == 201, answer.text
        made: Json = answer.json()
        return made

    def reservation(self, made: Json) -> Json:
        found: Json = self.get(f"/api/assets/reservations/{made['id']}")
        return found

    def pool(self, **params: Any) -> list[str]:
        """Ids of the pool search, in its order."""
        return [row["id"] for row in self.get("/api/assets/pool", **params)]
