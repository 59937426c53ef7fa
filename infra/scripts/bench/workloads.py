"""What is measured: requests as templates, so that every driver sends the same ones."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import httpx

# Replaced by twelve digits nobody sent before, and by the id in the answer before.
FRESH = "############"
MADE = "{made}"
PASSWORD = "a-long-bench-password"


@dataclass(frozen=True)
class Target:
    """One tenant's administrator, signed in, and one of the tenant's assets."""

    tenant_id: str
    token: str
    asset_id: str


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: str = ""


@dataclass(frozen=True)
class Workload:
    """`steps` are sent one after the other; together they are one operation."""

    key: str
    title: str
    steps: Callable[[Target], list[Request]]
    writes: bool = False


def _get(target: Target) -> list[Request]:
    return [Request("GET", f"/api/assets/{target.asset_id}")]


def _list(_target: Target) -> list[Request]:
    return [Request("GET", "/api/assets?limit=50")]


def _create(_target: Target) -> list[Request]:
    body = {
        "asset_type": "UAV",
        "asset_code": f"NEW-{FRESH}",
        "name": "New asset",
        "serial_number": "SN-4711",
        "region_code": "BENCH-1-2",
        "detail": {"site_note": "rack 7"},
    }
    return [Request("POST", "/api/assets", json.dumps(body))]


def _pool(_target: Target) -> list[Request]:
    wanted = "asset_type=UAV&region_code=BENCH-1&min_health_score=50&limit=50"
    return [Request("GET", f"/api/assets/pool?{wanted}")]


def _summary(_target: Target) -> list[Request]:
    return [Request("GET", "/api/assets/pool/summary")]


def _work(target: Target) -> list[Request]:
    orders = "/api/assets/maintenance/workorders"
    opened = json.dumps({"asset_id": target.asset_id, "title": "Replace the front propeller", "priority": 3})
    started = json.dumps({"status": "IN_PROGRESS"})
    closed = json.dumps({"note": "Propeller replaced"})
    return [
        Request("POST", orders, opened),
        Request("POST", f"{orders}/{MADE}/transition", started),
        Request("POST", f"{orders}/{MADE}/close", closed),
    ]


GET = Workload("get", "GET asset by id", _get)
LIST = Workload("list", "list of 50 assets", _list)
CREATE = Workload("create", "POST asset", _create, writes=True)
POOL = Workload("pool", "pool search", _pool)
SUMMARY = Workload("summary", "pool summary", _summary)
WORK = Workload("work", "work order open → start → close", _work, writes=True)


def sign_in(base_url: str, tenants: list[tuple[str, str]]) -> list[Target]:
    """Targets for (tenant id, asset id) pairs; the tenants get their administrator here."""
    targets = []
    with httpx.Client(base_url=base_url, timeout=60) as client:
        for tenant_id, asset_id in tenants:
            person = {"tenant_id": tenant_id, "username": "bench", "password": PASSWORD}
            made = client.post("/api/identity/bootstrap-admin", json=person)
            if made.status_code != 409:  # a tenant of an earlier run has its administrator
                made.raise_for_status()
            token = client.post("/api/identity/dev-login", json=person).raise_for_status().json()
            targets.append(Target(tenant_id, token["access_token"], asset_id))
    return targets
