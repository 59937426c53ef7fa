"""Tokens and opaque secrets by themselves: what is accepted, and nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from app.kernel.problem import Unauthenticated
from app.platform.identity import secrets
from app.platform.identity.catalogue import common, holds
from app.platform.identity.tokens import AccessClaims, Keyring
from app.settings import Settings

CLAIMS = AccessClaims(uuid4(), uuid4(), uuid4())


def ring(key: str = "k" * 40, *previous: str) -> Keyring:
    return Keyring(
        Settings(secret_key=SecretStr(key), previous_secret_keys=[SecretStr(old) for old in previous])
    )


def now() -> datetime:
    return datetime.now(UTC)


def test_a_token_says_who_and_nothing_of_what_may_be_done() -> None:
    token = ring().sign(CLAIMS, now())
    assert ring().read(token) == CLAIMS
    payload = jwt.decode(token, options={"verify_signature": False})
    assert set(payload) == {"iss", "aud", "sub", "tid", "sid", "jti", "iat", "exp"}
    assert payload["exp"] - payload["iat"] == 900
    assert jwt.get_unverified_header(token)["kid"]


def test_a_rotated_key_still_reads_the_old_tokens_and_signs_with_the_new() -> None:
    old, both, new = ring("old" * 20), ring("new" * 20, "old" * 20), ring("new" * 20)
    token = old.sign(CLAIMS, now())
    assert both.read(token) == CLAIMS
    assert new.read(both.sign(CLAIMS, now())) == CLAIMS
    with pytest.raises(Unauthenticated):
        new.read(token)


def test_a_remembered_token_still_expires() -> None:
    keyring = ring()
    with time_machine.travel(now(), tick=False) as clock:
        token = keyring.sign(CLAIMS, now())
        assert keyring.read(token) == keyring.read(token) == CLAIMS
        clock.shift(timedelta(seconds=899))
        assert keyring.read(token) == CLAIMS
        clock.shift(timedelta(seconds=1))
        with pytest.raises(Unauthenticated):
            keyring.read(token)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another"},
        {"iss": "another"},
        {"exp": now() - timedelta(seconds=1)},
        {"tid": "not an id"},
        {"sub": None},
        {"exp": None},
        {"jti": None},
    ],
)
def test_a_token_with_one_thing_wrong_is_refused(changes: dict[str, Any]) -> None:
    keyring = ring()
    good = keyring.sign(CLAIMS, now())
    header = jwt.get_unverified_header(good)
    payload = jwt.decode(good, options={"verify_signature": False}) | changes
    payload = {name: value for name, value in payload.items() if value is not None}
    forged = jwt.encode(payload, keyring._keys[header["kid"]], "HS256", headers={"kid": header["kid"]})
    with pytest.raises(Unauthenticated):
        keyring.read(forged)


def test_other_algorithms_are_refused() -> None:
    keyring = ring()
    good = keyring.sign(CLAIMS, now())
    header = jwt.get_unverified_header(good)
    payload = jwt.decode(good, options={"verify_signature": False})
    unsigned = jwt.encode(payload, None, "none", headers={"kid": header["kid"]})
    stronger = jwt.encode(payload, keyring._keys[header["kid"]] * 2, "HS512", headers={"kid": header["kid"]})
    for token in (unsigned, stronger):
        with pytest.raises(Unauthenticated):
            keyring.read(token)


@given(st.sampled_from(["key", "ref", "ses"]), st.uuids(), st.uuids())
def test_an_opaque_secret_is_taken_apart_again(kind: secrets.Kind, tenant: UUID, row: UUID) -> None:
    token, stored = secrets.issue(kind, tenant, row)
    found = secrets.parse(token)
    assert found is not None
    assert (found.kind, found.tenant_id, found.row_id) == (kind, tenant, row)
    assert secrets.matches(found.secret, stored)
    assert not secrets.matches(found.secret[::-1], stored)
    assert not secrets.matches(found.secret, None)
    assert len(stored) == 32
    assert found.secret.encode() not in stored


@given(st.text())
def test_text_is_not_a_secret(text: str) -> None:
    assert secrets.parse(text) is None
    assert secrets.parse("hgr_key_" + text) is None


WORDS = st.frozensets(
    st.sampled_from(["*", "registry.read", "assets.read", "maintenance.read", "ai.read", "reporting.read"])
)


@given(WORDS, WORDS)
def test_a_keys_permissions_are_those_that_scopes_and_user_both_open(
    scopes: frozenset[str], held: frozenset[str]
) -> None:
    both = common(scopes, held)
    for name in (
        "registry.read",
        "assets.read",
        "maintenance.read",
        "ai.read",
        "reporting.read",
        "storage.admin",
    ):
        assert holds(both, name) == (holds(scopes, name) and holds(held, name))
