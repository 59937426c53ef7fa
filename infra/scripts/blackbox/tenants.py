"""Tenants with a signed-in administrator, made as any client makes them (the dev profile leaves that open)."""

import secrets
from dataclasses import dataclass

import httpx

from blackbox.api import Api, Observer, Unexpected
from blackbox.waiting import until

PASSWORD = "a-long-demo-password"
READY_SECONDS = 120.0


@dataclass
class Tenant:
    """A tenant; `api` speaks as its administrator."""

    id: str
    name: str
    admin_id: str
    api: Api

    def sign_in(self, username: str) -> Api:
        """A caller signed in as a user of this tenant whose password is PASSWORD."""
        body = {"tenant_id": self.id, "username": username, "password": PASSWORD}
        token = self.api.post("/api/identity/dev-login", body, 200)["access_token"]
        return Api(self.api.base_url, token, self.api.observers)

    def user(self, username: str, *role_ids: str) -> dict[str, str]:
        """A new user with these roles."""
        made: dict[str, str] = self.api.post(
            "/api/identity/users", {"username": username, "password": PASSWORD}
        )
        for role_id in role_ids:
            self.api.post(f"/api/identity/users/{made['id']}/roles/{role_id}", wanted=204)
        return made

    def role(self, name: str, *permissions: str) -> str:
        made = self.api.post("/api/identity/roles", {"name": name, "permissions": list(permissions)})
        return str(made["id"])


def make_tenant(url: str, name: str, observers: list[Observer] | None = None) -> Tenant:
    """A tenant of that name with an eight-character suffix, so that a script may be run again."""
    anonymous = Api(url)
    full_name = f"{name} {secrets.token_hex(4)}"
    tenant_id = anonymous.post("/api/identity/tenants", {"name": full_name})["id"]
    login = {"tenant_id": tenant_id, "username": "admin", "password": PASSWORD}
    admin = anonymous.post("/api/identity/bootstrap-admin", login)
    token = anonymous.post("/api/identity/dev-login", login, 200)["access_token"]
    anonymous.close()
    return Tenant(tenant_id, full_name, admin["id"], Api(url, token, observers))


def wait_ready(api: Api) -> float:
    """Seconds until /readyz answered 200. Raises TimeoutError."""

    def ready() -> bool:
        try:
            api.get("/readyz")
        except (Unexpected, httpx.TransportError):
            return False
        return True

    return until(ready, READY_SECONDS, f"{api.base_url}/readyz to answer 200")
