"""Idempotency keys, entity tags, pages, and what surrounds every answer."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.support.tenants import Tenant

GOOD = {"asset_type": "UAV", "asset_code": "U-1", "name": "One"}


def codes(client: httpx.Client, **params: object) -> list[str]:
    return [row["asset_code"] for row in client.get("/api/assets", params=params).json()]


def test_sixteen_retries_with_one_key_make_one_row_and_one_answer(tenant: Tenant) -> None:
    def post(_: int) -> httpx.Response:
        return tenant.client.post("/api/assets", json=GOOD, headers={"Idempotency-Key": "k-1"})

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(post, range(16)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["etag"] for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 15
    assert codes(tenant.client) == ["U-1"]


def test_a_key_used_with_another_body_is_422(tenant: Tenant) -> None:
    key = {"Idempotency-Key": "k-1"}
    assert tenant.client.post("/api/assets", json=GOOD, headers=key).status_code == 201
    answer = tenant.client.post("/api/assets", json=GOOD | {"asset_code": "U-2"}, headers=key)
    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency_key_reused"


def test_a_refused_request_leaves_its_key_free(tenant: Tenant) -> None:
    key = {"Idempotency-Key": "k-1"}
    assert tenant.client.post("/api/assets", json=GOOD | {"name": ""}, headers=key).status_code == 422
    assert tenant.client.post("/api/assets", json=GOOD, headers=key).status_code == 201


def test_keys_of_two_principals_and_two_tenants_are_apart(tenant: Tenant, rival: Tenant) -> None:
    other = tenant.as_user("assets.write", "assets.read")
    for client, code in ((tenant.client, "U-1"), (other, "U-2"), (rival.client, "U-1")):
        answer = client.post(
            "/api/assets", json=GOOD | {"asset_code": code}, headers={"Idempotency-Key": "k"}
        )
        assert answer.status_code == 201
        assert "idempotency-replayed" not in answer.headers


def test_an_unprintable_or_endless_key_is_400(tenant: Tenant) -> None:
    for key in ("", "x" * 256):
        answer = tenant.client.post("/api/assets", json=GOOD, headers={"Idempotency-Key": key})
        assert answer.status_code == 400
    assert codes(tenant.client) == []


def test_of_two_updates_with_one_etag_one_is_412(tenant: Tenant) -> None:
    made = tenant.client.post("/api/assets", json=GOOD)
    path, tag = f"/api/assets/{made.json()['id']}", made.headers["etag"]

    def rename(name: str) -> httpx.Response:
        return tenant.client.patch(path, json={"name": name}, headers={"If-Match": tag})

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(rename, ("A", "B")))
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    lost = next(answer for answer in answers if answer.status_code == 412)
    assert lost.json()["current_version"] == 2
    assert tenant.client.get(path).headers["etag"] == '"2"'


def test_pages_follow_their_links_and_lose_nothing(tenant: Tenant) -> None:
    wanted = [f"U-{number:02}" for number in range(25)]
    for code in wanted:
        tenant.post("/api/assets", **(GOOD | {"asset_code": code}))
    seen: list[str] = []
    url = "/api/assets?limit=10&sort=-asset_code&count=true"
    while url:
        answer = tenant.client.get(url)
        assert answer.headers["x-total-count"] == "25"
        seen += [row["asset_code"] for row in answer.json()]
        url = answer.links.get("next", {}).get("url", "")
    assert seen == sorted(wanted, reverse=True)


def test_a_limit_out_of_range_is_422(tenant: Tenant) -> None:
    for limit in (0, 1001, "ten"):
        assert tenant.client.get("/api/assets", params={"limit": limit}).status_code == 422


def test_an_unknown_sort_key_is_400(tenant: Tenant) -> None:
    answer = tenant.client.get("/api/assets", params={"sort": "colour"})
    assert answer.status_code == 400
    assert "asset_code" in answer.json()["detail"]


def test_v1_is_the_same_api(tenant: Tenant) -> None:
    made = tenant.client.post("/api/v1/assets", json=GOOD)
    assert made.status_code == 201
    assert tenant.client.get(f"/api/v1/assets/{made.json()['id']}").json() == made.json()
    assert tenant.client.get(f"/api/assets/{made.json()['id']}").json() == made.json()


def test_location_leads_to_what_was_made(tenant: Tenant) -> None:
    made = tenant.client.post("/api/assets", json=GOOD)
    assert tenant.client.get(made.headers["location"]).json() == made.json()


def test_a_request_id_is_echoed_or_made_and_headers_are_safe(tenant: Tenant) -> None:
    given = tenant.client.get("/api/assets", headers={"X-Request-ID": "abc-123"})
    assert given.headers["x-request-id"] == "abc-123"
    made = tenant.client.get("/api/assets", headers={"X-Request-ID": "<not allowed>"})
    assert made.headers["x-request-id"] not in {"<not allowed>", ""}
    assert made.headers["x-content-type-options"] == "nosniff"
    assert made.headers["cache-control"] == "no-store"
