"""Products, tasks and routings of one tenant, worked on over HTTP."""

from typing import Any
from uuid import uuid4

import httpx

from tests.manufacturing.warehouse import Json, Warehouse
from tests.support.tenants import Tenant

TASKS = "/api/ppic/tasks"


class Plant:
    """What the tenant's administrator does in production. Anything but a success fails the test."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.client = tenant.client
        self.warehouse = Warehouse(tenant)

    def raw(self, stock: Any = None, **fields: Any) -> Json:
        """A material, with that much of it in stock."""
        item = self.warehouse.item(**fields)
        if stock is not None:
            self.warehouse.receive(item, stock)
        return item

    def product(self, *lines: Json, **fields: Any) -> Json:
        """A finished item; with lines it has a released bill of materials."""
        item = self.warehouse.item(item_type="FINISHED", **fields)
        if lines:
            self.bom(item, *lines)
        return item

    def bom(self, item: Json, *lines: Json, **fields: Any) -> Json:
        body = {"product_id": item["id"], "bom_type": "MANUFACTURING", "lines": list(lines)} | fields
        return self.tenant.post("/api/warehouse/bom", **body)

    def task(self, product: Json, quantity: Any = 10, **fields: Any) -> Json:
        return self.tenant.post(TASKS, product_id=product["id"], qty_planned=quantity, **fields)

    def get(self, path: str, **params: Any) -> Any:
        answer = self.client.get(f"/api/ppic{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, **body: Any) -> Json:
        return self.tenant.post(f"/api/ppic{path}", **body)

    def read(self, task: Json) -> Json:
        found: Json = self.get(f"/tasks/{task['id']}")
        return found

    def try_to(self, task: Json, action: str, **body: Any) -> httpx.Response:
        """`approve`, `start`, …; actions beginning with `:` are custom verbs."""
        path = f"{TASKS}/{task['id']}" + (action if action.startswith(":") else f"/{action}")
        return self.client.post(path, json=body)

    def act(self, task: Json, action: str, **body: Any) -> Json:
        answer = self.try_to(task, action, **body)
        assert answer.status_code == 200, answer.text
        done: Json = answer.json()
        return done

    def approved(self, product: Json, quantity: Any = 10, **fields: Any) -> Json:
        return self.act(self.task(product, quantity, **fields), "approve")

    def started(self, product: Json, quantity: Any = 10, **fields: Any) -> Json:
        return self.act(self.approved(product, quantity, **fields), "start")

    def complete(self, task: Json, quantity: Any, **fields: Any) -> Json:
        return self.act(task, "complete", actual_quantity=quantity, **fields)

    def components(self, task: Json) -> dict[str, Json]:
        """The task's components by item id."""
        return {row["item_id"]: row for row in self.get(f"/tasks/{task['id']}/components")}

    def outputs(self, task: Json) -> list[Json]:
        found: list[Json] = self.get(f"/tasks/{task['id']}/outputs")
        return found

    def batch(self, action: str, tasks: list[Json], **fields: Any) -> httpx.Response:
        body = {"task_ids": [task["id"] for task in tasks]} | fields
        return self.client.post(f"{TASKS}/batch/{action}", json=body)

    def work(self, task: Json) -> dict[str, Json]:
        """The task's work orders by operation."""
        return {row["code"]: row for row in self.get("/work-orders", task_id=task["id"])}

    def routing(self, product: Json, *operations: Json, **fields: Any) -> Json:
        body = {"product_id": product["id"], "name": "Standard", "operations": list(operations)} | fields
        return self.tenant.post("/api/ppic/routings", **body)

    def try_work(self, work: Json, action: str, **body: Any) -> httpx.Response:
        return self.client.post(f"/api/ppic/work-orders/{work['id']}:{action}", json=body)

    def do(self, work: Json, action: str, **body: Any) -> Json:
        answer = self.try_work(work, action, **body)
        assert answer.status_code == 200, answer.text
        done: Json = answer.json()
        return done

    def center(self, **fields: Any) -> Json:
        code = f"WC-{uuid4().hex[:12]}"
        return self.tenant.post("/api/ppic/work-centers", **{"code": code, "name": code} | fields)

    def line(self, **fields: Any) -> Json:
        return self.tenant.post("/api/ppic/lines", **{"code": f"L-{uuid4().hex[:12]}"} | fields)


def needs(item: Json, quantity: Any = 1, **fields: Any) -> Json:
    """A line of a bill of materials."""
    return {"component_id": item["id"], "qty_needed": quantity} | fields


def step(code: str, *after: str, **fields: Any) -> Json:
    """An operation of a routing."""
    return {"code": code, "name": code, "after": list(after)} | fields
