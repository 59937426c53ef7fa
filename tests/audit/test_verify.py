"""`GET /api/audit:verify`: whatever is changed behind the product's back is found, and the right row is named."""

from typing import Any
from uuid import UUID

import psycopg
import pytest

from app.platform.audit import verify
from tests.events.spine import as_superuser, paint, seal_all, sealed, writing
from tests.support.server import Server
from tests.support.tenants import Tenant


@pytest.fixture
def ids(server: Server, tenant: Tenant) -> list[UUID]:
    """Ten sealed events; place n is ids[n - 1]."""
    seal_all(server.database, tenant.id)
    more = 10 - len(sealed(server.urls, tenant.id))
    paint(server.database, tenant.id, *map(str, range(more)))
    seal_all(server.database, tenant.id)
    return [event_id for _, event_id in sealed(server.urls, tenant.id)]


def verified(tenant: Tenant, **params: Any) -> dict[str, Any]:
    answer = tenant.client.get("/api/audit:verify", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def mismatch(tenant: Tenant, **params: Any) -> tuple[int | None, UUID | None, str]:
    result = verified(tenant, **params)
    assert result["verified"] is False
    first = result["first_mismatch"]
    return first["seq"], UUID(first["event_id"]) if first["event_id"] else None, first["reason"]


def test_an_untouched_log_holds(server: Server, tenant: Tenant, ids: list[UUID]) -> None:
    result = verified(tenant)
    assert result["verified"] is True
    assert result["checked"] == result["head_seq"] == len(ids) == 10
    assert (result["first_mismatch"], result["unsealed"]) == (None, 0)
    paint(server.database, tenant.id, "new")
    assert verified(tenant)["unsealed"] == 1


def test_a_log_that_was_never_sealed_holds(tenant: Tenant) -> None:
    result = verified(tenant)
    assert result["verified"] is True
    assert (result["checked"], result["head_seq"]) == (0, 0)
    assert result["unsealed"] > 0


@pytest.mark.parametrize(
    "change",
    [
        'payload = payload || \'{"colour": "x"}\'',
        "actor = 'user:somebody-else'",
        "subject = 'asset:2'",
        "related = ARRAY['asset:3']",
        "type = 'test.counted'",
        "at = at + interval '1 microsecond'",
        "request_id = 'r'",
        "correlation_id = 'c'",
        "causation_id = id",
        "before = 'null'",
        "after = '{}'",
        "xid = xid - 1",
    ],
)
def test_an_altered_event_is_named(server: Server, tenant: Tenant, ids: list[UUID], change: str) -> None:
    as_superuser(
        server.urls,
        f"UPDATE event SET {change} WHERE tenant_id = %(tenant)s AND id = %(id)s",
        tenant=tenant.id,
        id=ids[6],
    )
    assert mismatch(tenant) == (7, ids[6], "altered")
    assert verified(tenant)["checked"] == 6


def test_the_twentieth_digit_of_a_number_is_covered(server: Server, tenant: Tenant) -> None:
    event_id = paint(server.database, tenant.id, "red")[0]
    exact = (
        "UPDATE event SET payload = jsonb_build_object('n', {}::numeric)"
        " WHERE tenant_id = %(tenant)s AND id = %(id)s"
    )
    as_superuser(server.urls, exact.format("0.12345678901234567890"), tenant=tenant.id, id=event_id)
    seal_all(server.database, tenant.id)
    assert verified(tenant)["verified"] is True
    as_superuser(server.urls, exact.format("0.12345678901234567891"), tenant=tenant.id, id=event_id)
    assert mismatch(tenant)[1:] == (event_id, "altered")


@pytest.mark.parametrize("change", ["hash = sha256(hash)", "sealed_at = now()", "type = 'x'"])
def test_an_altered_seal_is_named(server: Server, tenant: Tenant, ids: list[UUID], change: str) -> None:
    as_superuser(
        server.urls,
        f"UPDATE event_seal SET {change} WHERE tenant_id = %(tenant)s AND seq = 4",
        tenant=tenant.id,
    )
    assert mismatch(tenant) == (4, ids[3], "altered")


def test_a_deleted_event_is_named(server: Server, tenant: Tenant, ids: list[UUID]) -> None:
    as_superuser(
        server.urls,
        "DELETE FROM event WHERE tenant_id = %(tenant)s AND id = %(id)s",
        tenant=tenant.id,
        id=ids[2],
    )
    assert mismatch(tenant) == (3, ids[2], "missing_event")


def test_an_event_deleted_with_its_seal_leaves_a_hole(
    server: Server, tenant: Tenant, ids: list[UUID]
) -> None:
    for table, column in (("event", "id"), ("event_seal", "event_id")):
        as_superuser(
            server.urls,
            f"DELETE FROM {table} WHERE tenant_id = %(tenant)s AND {column} = %(id)s",
            tenant=tenant.id,
            id=ids[2],
        )
    assert mismatch(tenant) == (3, None, "missing_seal")


def test_a_log_cut_at_its_end_is_noticed(server: Server, tenant: Tenant, ids: list[UUID]) -> None:
    as_superuser(
        server.urls, "DELETE FROM event_seal WHERE tenant_id = %(tenant)s AND seq = 10", tenant=tenant.id
    )
    assert mismatch(tenant) == (10, None, "missing_seal")


def test_swapped_places_are_noticed_at_the_first(server: Server, tenant: Tenant, ids: list[UUID]) -> None:
    swap = "UPDATE event_seal SET seq = {} WHERE tenant_id = %(tenant)s AND seq IN ({})"
    as_superuser(server.urls, swap.format("seq + 1000", "5, 9"), tenant=tenant.id)
    as_superuser(server.urls, swap.format("1014 - seq", "1005, 1009"), tenant=tenant.id)
    assert mismatch(tenant) == (5, ids[8], "altered")


def test_an_event_inserted_into_the_past_is_named(server: Server, tenant: Tenant, ids: list[UUID]) -> None:
    forged = UUID(int=7)
    as_superuser(
        server.urls,
        "INSERT INTO event (tenant_id, id, xid, type, at, actor, subject, related, correlation_id, request_id,"
        " payload) SELECT tenant_id, %(forged)s, xid, type, at, actor, subject, related, correlation_id,"
        " request_id, payload FROM event WHERE tenant_id = %(tenant)s AND id = %(id)s",
        tenant=tenant.id,
        forged=forged,
        id=ids[3],
    )
    assert mismatch(tenant) == (None, forged, "unsealed_behind_head")


def test_a_seal_added_after_the_head_is_named(server: Server, tenant: Tenant, ids: list[UUID]) -> None:
    extra = paint(server.database, tenant.id, "extra")[0]
    as_superuser(
        server.urls,
        "INSERT INTO event_seal (tenant_id, seq, event_id, type, hash, sealed_at)"
        " VALUES (%(tenant)s, 11, %(id)s, 'test.painted', sha256('x'), now())",
        tenant=tenant.id,
        id=extra,
    )
    assert mismatch(tenant) == (11, extra, "beyond_head")


def test_an_altered_head_is_noticed(server: Server, tenant: Tenant, ids: list[UUID]) -> None:
    as_superuser(
        server.urls,
        "UPDATE event_head SET hash = sha256(hash) WHERE tenant_id = %(tenant)s",
        tenant=tenant.id,
    )
    assert mismatch(tenant) == (10, None, "head")


def test_a_chain_cut_and_its_head_moved_back_is_noticed_by_an_anchor(
    server: Server, tenant: Tenant, ids: list[UUID]
) -> None:
    kept = verified(tenant)
    anchor = {"anchor_seq": kept["head_seq"], "anchor_hash": kept["head_hash"]}
    assert verified(tenant, **anchor)["verified"] is True
    before_last = "(SELECT seq, hash FROM event_seal WHERE tenant_id = %(tenant)s AND seq = 9)"
    for statement in (
        "DELETE FROM event_seal WHERE tenant_id = %(tenant)s AND seq = 10",
        "DELETE FROM event WHERE tenant_id = %(tenant)s AND id = %(id)s",
        f"UPDATE event_head SET (seq, hash) = {before_last} WHERE tenant_id = %(tenant)s",
    ):
        as_superuser(server.urls, statement, tenant=tenant.id, id=ids[9])
    assert verified(tenant)["verified"] is True
    assert mismatch(tenant, **anchor) == (10, None, "anchor")
    assert mismatch(tenant, anchor_seq=9, anchor_hash="0" * 64) == (9, ids[8], "anchor")


def test_a_walk_that_begins_at_an_anchor_checks_what_came_after(
    server: Server, tenant: Tenant, ids: list[UUID]
) -> None:
    kept = verified(tenant)
    anchor = {"since_seq": 10, "anchor_seq": 10, "anchor_hash": kept["head_hash"]}
    later = paint(server.database, tenant.id, "11", "12")
    seal_all(server.database, tenant.id)
    result = verified(tenant, **anchor)
    assert (result["verified"], result["checked"], result["head_seq"]) == (True, 2, 12)
    assert mismatch(tenant, **anchor | {"anchor_hash": "0" * 64}) == (10, None, "anchor")
    assert mismatch(tenant, since_seq=13) == (13, None, "missing_seal")
    as_superuser(
        server.urls,
        "UPDATE event SET actor = 'x' WHERE tenant_id = %(tenant)s AND id = %(id)s",
        tenant=tenant.id,
        id=later[1],
    )
    assert mismatch(tenant, **anchor) == (12, later[1], "altered")


def test_the_app_role_cannot_change_the_record_at_all(
    server: Server, tenant: Tenant, ids: list[UUID]
) -> None:
    for statement in ("UPDATE event SET actor = 'x'", "DELETE FROM event_seal", "TRUNCATE event_ref"):
        with writing(server.database, tenant.id) as tx, psycopg.connect(server.urls.app_url) as conn:
            conn.execute("SELECT set_config('app.tenant_id', %s, true)", [str(tx.tenant_id)])
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.FeatureNotSupported)):
                conn.execute(statement)


def test_it_walks_in_batches(
    server: Server, tenant: Tenant, ids: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "BATCH", 5)
    assert verified(tenant)["checked"] == 10
    as_superuser(
        server.urls,
        "UPDATE event SET actor = 'x' WHERE tenant_id = %(tenant)s AND id = %(id)s",
        tenant=tenant.id,
        id=ids[5],
    )
    assert mismatch(tenant) == (6, ids[5], "altered")
