"""Every route × another tenant's id: the same 404 as for an id that never was, and not a row of theirs moves."""

import json
from collections.abc import Callable
from inspect import signature
from typing import Any, get_args
from uuid import UUID, uuid4

import httpx
import pytest

from tests.isolation.bodies import id_fields, sample
from tests.isolation.factories import RESOURCES, kind_of, make
from tests.policy.surface import ROUTES, Surface, named
from tests.support.tenants import Tenant

Footprint = Callable[[Tenant], dict[str, str]]

BY_ID = [(route, parameter) for route in ROUTES if route.spec.access != "public" for parameter in route.ids]
BY_BODY = [
    (route, field)
    for route in ROUTES
    if route.spec.access != "public" and route.body is not None
    for field in id_fields(route.body)
]
FLOOR_BY_ID = 48
FLOOR_BY_BODY = 5

# Says of each id what became of it: a foreign one is `not_found` there, inside a 200.
ANSWERS_PER_ID = {
    "batch_bind_user_roles",
    "batch_approve_tasks",
    "batch_start_tasks",
    "batch_complete_tasks",
}
# An id that must be given in the query, tried by a test of its own; and a stream, which never ends.
NEEDS_A_QUERY = {"read_thread"}
# What a list can't do without.
LIST_QUERY = {"list_dashboard_tasks": {"measure": "draft"}}
ENDLESS = {"stream_events"}


def label(value: Any) -> str:
    return named(value) if isinstance(value, Surface) else str(value)


def call(client: httpx.Client, route: Surface, values: dict[str, str], body: Any) -> httpx.Response:
    """One request. What may wait for the end of its work does not: no worker runs here."""
    query = {"wait_seconds": 0} if "wait_seconds" in signature(route.spec.handler).parameters else None
    return client.request(
        route.spec.method, route.url(values), json=body, params=query, headers={"Accept": "*/*"}
    )


def told(answer: httpx.Response, *ids: str) -> dict[str, Any]:
    """A problem without what differs from request to request."""
    text = answer.text
    for number, some_id in enumerate(ids):
        text = text.replace(some_id, f"<{number}>")
    problem: dict[str, Any] = json.loads(text)
    return {name: value for name, value in problem.items() if name not in {"request_id", "instance"}}


@pytest.mark.parametrize(("route", "parameter"), BY_ID, ids=label)
def test_a_foreign_id_in_the_path_is_404(
    route: Surface, parameter: str, ours: Tenant, theirs: Tenant, footprint: Footprint
) -> None:
    own = {name: make(name, ours) for name in route.parameters}
    body = sample(route, ours)
    foreign, unknown = make(parameter, theirs), str(uuid4())
    before = footprint(theirs)
    refused = call(ours.client, route, own | {parameter: foreign}, body)
    never = call(ours.client, route, own | {parameter: unknown}, body)
    assert refused.status_code == never.status_code == 404, refused.text
    assert told(refused, foreign) == told(never, unknown), "the answer tells that the id exists"
    assert footprint(theirs) == before
    if len(route.parameters) == 1:
        found = call(ours.client, route, own, body)
        assert found.status_code != 404, f"an own id is not found either: {found.text}"
        assert found.status_code < 500


@pytest.mark.parametrize(("route", "field"), BY_BODY, ids=label)
def test_a_foreign_id_in_the_body_is_not_found(
    route: Surface, field: str, ours: Tenant, theirs: Tenant, footprint: Footprint
) -> None:
    own = {name: make(name, ours) for name in route.parameters}
    body = sample(route, ours)
    assert body is not None
    many = isinstance(body[field], list)
    foreign, unknown = make(kind_of(field), theirs), str(uuid4())
    before = footprint(theirs)
    refused, never = (
        call(ours.client, route, own, body | {field: [some] if many else some}) for some in (foreign, unknown)
    )
    assert told(refused, foreign) == told(never, unknown)
    assert refused.status_code == never.status_code == (200 if route.operation in ANSWERS_PER_ID else 404)
    if route.operation in ANSWERS_PER_ID:
        assert [row["status"] for row in refused.json()["results"]] == ["not_found"]
    assert footprint(theirs) == before
    found = call(ours.client, route, own, body)
    assert found.is_success or found.status_code == 409, found.text


def test_the_suite_covers_the_product() -> None:
    assert len(BY_ID) >= FLOOR_BY_ID
    assert len(BY_BODY) >= FLOOR_BY_BODY
    assert {parameter for _, parameter in BY_ID} <= set(RESOURCES)


LISTS = [
    route
    for route in ROUTES
    if route.spec.method == "GET"
    and route.spec.access != "public"
    and not route.parameters
    and route.operation not in NEEDS_A_QUERY | ENDLESS
]


@pytest.fixture(scope="module")
def furnished(ours: Tenant, theirs: Tenant) -> tuple[set[str], set[str]]:
    """The ids of one of everything, in each tenant."""
    from app.kernel.relay import seal
    from app.registry import OUTLETS

    made = tuple({make(parameter, tenant) for parameter in RESOURCES} for tenant in (ours, theirs))
    for tenant in (ours, theirs):
        while seal(tenant.server.database, tenant.id, OUTLETS).count:
            pass
    return made[0], made[1]


def test_no_list_shows_a_foreign_row(
    ours: Tenant, theirs: Tenant, furnished: tuple[set[str], set[str]]
) -> None:
    own_ids, foreign_ids = furnished
    telling = 0
    for route in LISTS:
        answer = ours.client.get(
            route.spec.path, params=LIST_QUERY.get(route.operation), headers={"Accept": "*/*"}
        )
        assert answer.status_code == 200, (route.name, answer.text)
        leaked = {some for some in foreign_ids if some in answer.text}
        assert not leaked, route.name
        telling += any(some in answer.text for some in own_ids)
    assert telling >= 12, "lists that show own rows: without them this test says nothing"


def uuid_filters(route: Surface) -> list[str]:
    """The query parameters of a route that are ids."""
    fields = route.query.model_fields if route.query else {}
    return [
        name
        for name, field in fields.items()
        if field.annotation is UUID or UUID in get_args(field.annotation)
    ]


FILTERS = [(route, name) for route in LISTS for name in uuid_filters(route)]


@pytest.mark.parametrize(("route", "name"), FILTERS, ids=label)
def test_a_foreign_id_in_a_filter_finds_nothing(
    route: Surface, name: str, ours: Tenant, theirs: Tenant
) -> None:
    foreign = ours.client.get(route.spec.path, params={name: make(kind_of(name), theirs)})
    unknown = ours.client.get(route.spec.path, params={name: str(uuid4())})
    assert foreign.status_code == unknown.status_code == 200
    assert foreign.json() == unknown.json() == []


def test_there_are_filters_to_try() -> None:
    assert len(FILTERS) >= 3


def test_a_foreign_thread_is_404(ours: Tenant, theirs: Tenant, furnished: tuple[set[str], set[str]]) -> None:
    events: list[dict[str, Any]] = theirs.client.get("/api/events", params={"limit": 1000}).json()
    subjects = sorted({event["subject"] for event in events})
    assert len({subject.partition(":")[0] for subject in subjects}) >= 8
    for subject in subjects:
        assert theirs.client.get("/api/thread", params={"ref": subject}).status_code == 200
        refused = ours.client.get("/api/thread", params={"ref": subject})
        assert refused.status_code == 404, subject
