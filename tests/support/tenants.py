"""Tenants for tests, made over HTTP like anybody's."""

from uuid import UUID, uuid4

import httpx

from tests.support.server import Server

PASSWORD = "a-long-test-password"


class Tenant:
    """A tenant with its administrator signed in."""

    def __init__(self, server: Server, tenant_id: UUID, admin_id: UUID, token: str, name: str) -> None:
        self.server = server
        self.id = tenant_id
        self.admin_id = admin_id
        self.name = name
        self.token = token
        self._clients: list[httpx.Client] = []
        self.client = self.with_token(token)

    def with_token(self, token: str) -> httpx.Client:
        client = httpx.Client(
            base_url=self.server.url, headers={"Authorization": f"Bearer {token}"}, timeout=30
        )
        self._clients.append(client)
        return client

    def as_user(self, *permissions: str, username: str | None = None) -> httpx.Client:
        """A client signed in as a new user who holds exactly these permissions."""
        username = username or f"user-{uuid4().hex[:12]}"
        user = self.post("/api/identity/users", username=username, password=PASSWORD)
        if permissions:
            role = self.post(
                "/api/identity/roles", name=f"role-{uuid4().hex[:12]}", permissions=list(permissions)
            )
            bound = self.client.post(f"/api/identity/users/{user['id']}/roles/{role['id']}")
            assert bound.status_code == 204, bound.text
        return self.with_token(self.login(username))

    def login(self, username: str, password: str = PASSWORD) -> str:
        body = {"tenant_id": str(self.id), "username": username, "password": password}
        answer = self.client.post("/api/identity/dev-login", json=body)
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token

    def post(self, path: str, **body: object) -> dict[str, object]:
        """POST as the administrator; anything but a success fails the test."""
        answer = self.client.post(path, json=body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        made: dict[str, object] = answer.json()
        return made

    def close(self) -> None:
        for client in self._clients:
            client.close()


def make_tenant(server: Server) -> Tenant:
    name = f"tenant-{uuid4().hex}"
    with httpx.Client(base_url=server.url, timeout=30) as client:
        made = client.post("/api/identity/tenants", json={"name": name})
        assert made.status_code == 201, made.text
        tenant_id = made.json()["id"]
        body = {"tenant_id": tenant_id, "username": "admin", "password": PASSWORD}
        admin = client.post("/api/identity/bootstrap-admin", json=body)
        assert admin.status_code == 201, admin.text
        token = client.post("/api/identity/dev-login", json=body)
        assert token.status_code == 200, token.text
    return Tenant(server, UUID(tenant_id), UUID(admin.json()["id"]), token.json()["access_token"], name)
