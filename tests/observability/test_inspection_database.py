"""The walls of a database of its own, taken down one at a time: the check must say which."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from app.domains.observability.inspections.checks import database as checks
from app.domains.observability.inspections.checks.base import Outcome
from app.domains.observability.inspections.words import CheckStatus
from app.kernel.db.engine import Database
from tests.migrations import catalog
from tests.observability.inspecting import Scratch, look_at, scratch
from tests.support.databases import Servers, driver
from tests.support.server import settings_for


@pytest.fixture(scope="module")
def shared(pg: Servers) -> Iterator[Scratch]:
    """For checks that are only looked at, and for what is put right again at once."""
    with scratch(pg) as made:
        yield made


@pytest.fixture
def own(pg: Servers) -> Iterator[Scratch]:
    with scratch(pg) as made:
        yield made


@pytest.mark.parametrize("key", [check.key for check in checks.CHECKS])
def test_a_migrated_database_passes(shared: Scratch, key: str) -> None:
    outcome = shared.found(key)
    assert outcome.status == CheckStatus.PASS, outcome


def test_tables_without_a_tenant_are_the_ones_that_the_migrations_know() -> None:
    assert catalog.GLOBAL_TABLES == checks.GLOBAL_TABLES


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("ALTER TABLE asset DISABLE ROW LEVEL SECURITY", "asset (row security is off)"),
        ("ALTER TABLE asset NO FORCE ROW LEVEL SECURITY", "asset (row security is not forced)"),
        ("DROP POLICY tenant_floor ON drone", "drone (its policies"),
        ("CREATE POLICY third ON asset USING (true)", "asset (its policies"),
        ("ALTER POLICY tenant_access ON asset USING (true)", "asset (its policies"),
        ("ALTER POLICY tenant_floor ON asset WITH CHECK (true)", "asset (its policies"),
        ("ALTER POLICY tenant_access ON asset TO PUBLIC", "asset (its policies"),
        ("CREATE TABLE stray (id uuid)", "stray (has no tenant_id)"),
        (
            "CREATE TABLE loose (tenant_id uuid NOT NULL, id uuid) PARTITION BY HASH (id);"
            "CREATE TABLE loose_part PARTITION OF loose FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
            "loose_part (row security is off)",
        ),
    ],
)
def test_a_table_outside_its_walls_fails_and_is_named(own: Scratch, statement: str, named: str) -> None:
    own.spoil(*statement.split(";"))
    outcome = own.found("database.row_security")
    assert outcome.status == CheckStatus.FAIL
    assert named in outcome.message


def test_rows_that_show_to_a_stranger_fail_the_probe(own: Scratch) -> None:
    before = own.found("database.cross_tenant_probe")
    assert before.evidence["tables_with_own_rows"] > 0
    assert before.evidence["tables_probed"] >= 20
    own.spoil("ALTER TABLE identity_user DISABLE ROW LEVEL SECURITY")
    outcome = own.found("database.cross_tenant_probe")
    assert outcome.status == CheckStatus.FAIL
    assert outcome.evidence["as_another_tenant"] == outcome.evidence["unbound"] == ["identity_user"]
    assert "identity_user" in outcome.message


def _as(scratched: Scratch, url: str) -> Outcome:
    """What the check says of another role that serves."""
    database = Database(driver(url), size=2, timeout=5)
    try:
        outcome = look_at("database.app_role", database, scratched.tenant_id, settings_for(scratched.urls))
    finally:
        database.dispose()
    assert isinstance(outcome, Outcome)
    return outcome


@pytest.mark.parametrize(
    ("role", "reason"), [("owner_url", "has BYPASSRLS"), ("superuser_url", "is a superuser")]
)
def test_a_role_that_passes_walls_fails(shared: Scratch, role: str, reason: str) -> None:
    outcome = _as(shared, getattr(shared.urls, role))
    assert outcome.status == CheckStatus.FAIL
    assert reason in outcome.message


def test_a_member_of_another_role_and_an_owner_fails(own: Scratch) -> None:
    role, password = f"weak_{uuid4().hex[:8]}", uuid4().hex
    own.spoil(
        f"CREATE ROLE {role} LOGIN CREATEDB PASSWORD '{password}' IN ROLE hangar_app",
        f"CREATE TABLE hers (tenant_id uuid); ALTER TABLE hers OWNER TO {role}",
    )
    try:
        url = own.urls.app_url.split("@", 1)[1]
        outcome = _as(own, f"postgresql://{role}:{password}@{url}")
        assert outcome.status == CheckStatus.FAIL
        assert outcome.evidence["found"] == [
            "may make databases",
            "owns 1 objects",
            "is a member of hangar_app",
        ]
    finally:
        own.spoil("DROP TABLE hers", f"DROP ROLE {role}")


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("GRANT SELECT ON asset TO PUBLIC", "SELECT on asset"),
        ("GRANT CREATE ON SCHEMA public TO PUBLIC", "CREATE on schema public"),
    ],
)
def test_a_grant_to_everybody_fails(own: Scratch, statement: str, named: str) -> None:
    own.spoil(statement)
    outcome = own.found("database.public_grants")
    assert outcome.status == CheckStatus.FAIL
    assert named in outcome.message


def test_a_constraint_that_nobody_validated_fails(own: Scratch) -> None:
    own.spoil("ALTER TABLE asset ADD CONSTRAINT later CHECK (name <> 'x') NOT VALID")
    outcome = own.found("database.constraints_validated")
    assert outcome.status == CheckStatus.FAIL
    assert "asset.later" in outcome.message


def test_an_index_that_was_never_finished_fails(own: Scratch) -> None:
    own.spoil("CREATE TABLE twice AS SELECT 1 AS n FROM generate_series(1, 2)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        own.spoil("CREATE UNIQUE INDEX CONCURRENTLY broken ON twice (n)")
    outcome = own.found("database.constraints_validated")
    assert outcome.status == CheckStatus.FAIL
    assert "broken" in outcome.message


@pytest.mark.parametrize(
    ("revision", "status"), [("202602010001", CheckStatus.FAIL), ("299901010001", CheckStatus.WARN)]
)
def test_a_schema_of_another_release_is_noticed(own: Scratch, revision: str, status: CheckStatus) -> None:
    own.spoil(f"UPDATE alembic_version SET version_num = '{revision}'")
    outcome = own.found("database.migrations_at_head")
    assert outcome.status == status
    assert revision in outcome.message
