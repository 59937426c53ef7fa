"""The rules for tenant tables hold at head, and each rule finds the table that breaks it."""

from collections.abc import Callable

import psycopg
import pytest

from app.kernel.db import rls
from tests.migrations import catalog as rules

Rule = Callable[[psycopg.Connection], list[str]]

GOOD = "CREATE TABLE good (tenant_id uuid, id uuid, other uuid, PRIMARY KEY (tenant_id, id))"
PARTITIONED = (
    "CREATE TABLE parts (tenant_id uuid, id uuid, PRIMARY KEY (tenant_id, id)) PARTITION BY HASH (id)"
)
BAD: list[tuple[Rule, str, str]] = [
    (
        rules.tenant_id_leads_the_primary_key,
        "CREATE TABLE bad (tenant_id uuid, id uuid, PRIMARY KEY (id, tenant_id))",
        "bad",
    ),
    (rules.tenant_id_leads_the_primary_key, "CREATE TABLE bad (tenant_id uuid)", "bad"),
    (rules.tenant_id_leads_the_primary_key, "CREATE TABLE bad (tenant_id text PRIMARY KEY)", "bad"),
    (rules.every_index_starts_with_tenant_id, "CREATE UNIQUE INDEX bad ON good (other)", "bad"),
    (
        rules.every_index_starts_with_tenant_id,
        "CREATE INDEX bad ON good (lower(other::text), tenant_id)",
        "bad",
    ),
    (
        rules.exclusions_compare_tenants_for_equality,
        "ALTER TABLE good ADD CONSTRAINT bad EXCLUDE USING gist (tenant_id WITH <>, other WITH =)",
        "bad",
    ),
    (
        rules.foreign_keys_stay_inside_the_tenant,
        "ALTER TABLE good ADD UNIQUE (id), ADD CONSTRAINT bad FOREIGN KEY (other) REFERENCES good (id)",
        "bad",
    ),
    (
        rules.foreign_keys_stay_inside_the_tenant,
        "ALTER TABLE good ADD CONSTRAINT bad FOREIGN KEY (other, tenant_id) REFERENCES good",
        "bad",
    ),
    (
        rules.set_null_never_clears_the_tenant,
        "ALTER TABLE good ADD CONSTRAINT bad FOREIGN KEY (tenant_id, other) REFERENCES good ON DELETE SET NULL",
        "bad",
    ),
    (
        rules.partitioned_tables_are_not_referenced,
        "ALTER TABLE good ADD FOREIGN KEY (tenant_id, other) REFERENCES parts",
        "partitioned",
    ),
    (rules.row_security_is_enabled_and_forced, "ALTER TABLE good NO FORCE ROW LEVEL SECURITY", "good"),
    (rules.row_security_is_enabled_and_forced, "ALTER TABLE good DISABLE ROW LEVEL SECURITY", "good"),
    (rules.policies_are_exactly_the_two, "DROP POLICY tenant_floor ON good", "good"),
    (rules.policies_are_exactly_the_two, "CREATE POLICY third ON good USING (true)", "good"),
    (
        rules.policies_are_exactly_the_two,
        "ALTER POLICY tenant_access ON good USING (tenant_id = other)",
        "good",
    ),
    (rules.policies_are_exactly_the_two, "ALTER POLICY tenant_access ON good TO PUBLIC", "good"),
    (rules.the_app_role_owns_nothing, "ALTER TABLE good OWNER TO hangar_app", "app role"),
    (rules.the_app_role_owns_nothing, "CREATE SCHEMA hers AUTHORIZATION hangar_app", "app role"),
    (rules.grants_are_narrow, "GRANT TRUNCATE ON good TO hangar_app", "TRUNCATE"),
    (rules.grants_are_narrow, "GRANT SELECT ON good TO PUBLIC", "PUBLIC"),
    (rules.grants_are_narrow, "GRANT SELECT ON good TO hangar_app WITH GRANT OPTION", "SELECT"),
    (rules.grants_are_narrow, ";".join(rls.insert_only("good")), "UPDATE"),
    (
        rules.triggers_call_known_functions,
        "CREATE TRIGGER bad BEFORE UPDATE ON good FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "bad",
    ),
    (rules.columns_have_safe_types, "ALTER TABLE good ADD at timestamp", "good.at"),
    (rules.columns_have_safe_types, "ALTER TABLE good ADD n bigserial", "good.n"),
    (rules.columns_have_safe_types, "ALTER TABLE good ADD n int GENERATED ALWAYS AS IDENTITY", "good.n"),
    (
        rules.constraints_are_validated_and_indexes_valid,
        "ALTER TABLE good ADD CONSTRAINT bad CHECK (other IS NOT NULL) NOT VALID",
        "bad",
    ),
]


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_every_table_obeys(catalog: psycopg.Connection, rule: Rule) -> None:
    assert len(rules.tenant_tables(catalog)) >= 9
    assert rule(catalog) == []


@pytest.mark.parametrize(
    ("rule", "statement", "named"), BAD, ids=lambda value: getattr(value, "__name__", None)
)
def test_each_rule_finds_what_breaks_it(
    catalog: psycopg.Connection, rule: Rule, statement: str, named: str
) -> None:
    catalog.execute(GOOD)
    catalog.execute(PARTITIONED)
    for line in rls.tenant_rls("good") + rls.tenant_rls("parts"):
        catalog.execute(line)
    assert rule(catalog) == []
    catalog.execute(statement)
    found = rule(catalog)
    assert len(found) >= 1
    assert any(named in line for line in found), found


def test_every_rule_has_been_seen_to_fail() -> None:
    assert {rule for rule, _, _ in BAD} == set(rules.RULES)


def test_a_table_without_a_tenant_must_be_listed(catalog: psycopg.Connection) -> None:
    catalog.execute("CREATE TABLE stray (id uuid PRIMARY KEY)")
    broken = {rule.__name__ for rule in rules.RULES if any("stray" in line for line in rule(catalog))}
    assert {
        "tenant_id_leads_the_primary_key",
        "row_security_is_enabled_and_forced",
        "policies_are_exactly_the_two",
    } <= broken


def test_every_listed_global_table_exists(catalog: psycopg.Connection) -> None:
    found = {
        name
        for (name,) in catalog.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        )
    }
    assert found >= rules.GLOBAL_TABLES
