"""OpenSLO: out and in again without loss, by others' hands too, and never half of a text."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domains.observability.slo import openslo
from app.domains.observability.slo.schemas import SloPolicyCreate
from tests.observability.test_slo import POLICIES, policy
from tests.support.fleet import pointers, refused
from tests.support.tenants import Tenant

OPENSLO = "/api/observability/slo/openslo"
FOREIGN = """
apiVersion: openslo/v1
kind: SLO
metadata:
  name: api-availability
spec:
  description: By another hand.
  service: api
  indicator:
    metadata: {name: api-availability}
    spec:
      ratioMetric:
        counter: false
        good: {metricSource: {type: hangar, spec: {latency_threshold_ms: 250}}}
        total: {metricSource: {type: hangar, spec: {}}}
  timeWindow:
    - duration: 1M
      isRolling: false
      calendar: {startTime: "2022-01-01 12:00:00", timeZone: Europe/Berlin}
  budgetingMethod: Occurrences
  objectives:
    - {displayName: available, target: 0.995}
"""


def import_(tenant: Tenant, document: str, **fields: Any) -> Any:
    return tenant.client.post(f"{OPENSLO}:import", json={"document": document} | fields)


def export(tenant: Tenant, **params: str) -> str:
    answer = tenant.client.get(OPENSLO, params=params)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; charset=utf-8")
    return answer.text


def told(row: dict[str, Any]) -> dict[str, Any]:
    """A policy without what another tenant must have of its own."""
    own = {"id", "tenant_id", "created_by", "created_at", "updated_at", "next_evaluation_at", "version"}
    return {name: value for name, value in row.items() if name not in own}


def test_objectives_travel_from_tenant_to_tenant(tenant: Tenant, rival: Tenant) -> None:
    policy(tenant, policy_key="Plain: key", description="-\n: # tricky “text”")
    policy(
        tenant,
        latency_threshold_ms=12.5,
        alert_on="BOTH",
        alert_severity="P1",
        minimum_samples=7,
        window_minutes=60,
        timezone="Asia/Kathmandu",
        objective_windows=[{"kind": "CALENDAR", "unit": "QUARTER"}, {"kind": "ROLLING", "days": 28}],
        detail={"team": ["a", {"b": None}]},
        runbook_url="https://run.example/x",
    )
    text = export(tenant)
    for document in yaml.safe_load_all(text):
        assert (document["apiVersion"], document["kind"]) == ("openslo/v1", "SLO")
        assert len(document["spec"]["timeWindow"]) == len(document["spec"]["objectives"]) == 1
    answer = import_(rival, text)
    assert [row["outcome"] for row in answer.json()] == ["CREATED", "CREATED"]
    ours, theirs = (
        sorted((told(row) for row in who.client.get(POLICIES).json()), key=lambda row: row["policy_key"])
        for who in (tenant, rival)
    )
    assert ours == theirs
    assert export(rival) == text
    assert [row["outcome"] for row in import_(rival, text).json()] == ["UNCHANGED", "UNCHANGED"]
    assert len(list(yaml.safe_load_all(export(tenant, policy_key="Plain: key")))) == 1
    assert export(tenant, policy_key="none") == ""


def test_a_document_of_another_hand(tenant: Tenant) -> None:
    assert import_(tenant, FOREIGN, dry_run=True).json() == [
        {"policy_key": "api-availability", "outcome": "CREATED"}
    ]
    assert tenant.client.get(POLICIES).json() == []
    assert import_(tenant, FOREIGN).status_code == 200
    (made,) = tenant.client.get(POLICIES).json()
    assert (made["policy_key"], made["service_name"], made["signal_name"]) == (
        "api-availability",
        "api",
        "request",
    )
    assert (made["target_ratio"], made["latency_threshold_ms"], made["timezone"]) == (
        0.995,
        250,
        "Europe/Berlin",
    )
    assert made["objective_windows"] == [{"kind": "CALENDAR", "days": None, "unit": "MONTH"}]
    changed = FOREIGN.replace("0.995", "0.9")
    assert import_(tenant, changed, dry_run=True).json()[0]["outcome"] == "UPDATED"
    assert import_(tenant, changed).json()[0]["outcome"] == "UPDATED"
    (again,) = tenant.client.get(POLICIES).json()
    assert (again["id"], again["target_ratio"], again["version"]) == (made["id"], 0.9, 2)


@pytest.mark.parametrize(
    "document",
    [
        "a: [",
        "- 1",
        "null: {}",
        FOREIGN.replace("openslo/v1", "openslo/v2"),
        FOREIGN.replace("kind: SLO", "kind: SLI"),
        FOREIGN.replace("Occurrences", "Timeslices"),
        FOREIGN.replace("0.995", "1.5"),
        FOREIGN.replace("0.995", ".nan"),
        FOREIGN.replace("0.995", "'0.9'"),
        FOREIGN.replace("type: hangar", "type: prometheus"),
        FOREIGN.replace("1M", "2M"),
        FOREIGN.replace("isRolling: false", "isRolling: true"),
        FOREIGN.replace("Europe/Berlin", "Mars"),
        FOREIGN.replace("By another hand.", '"a\\0b"'),
        FOREIGN.replace("By another hand.", '"\\ud800"'),
        FOREIGN.replace("  objectives:\n", "  objectives:\n    - {displayName: two, target: 0.9}\n"),
        FOREIGN.replace("name: api-availability\nspec", "name: x\n  annotations: {hangar/detail: '{'}\nspec"),
        FOREIGN.replace(
            "name: api-availability\nspec", "name: x\n  annotations: {hangar/detail: '[NaN]'}\nspec"
        ),
        FOREIGN.replace(
            "name: api-availability\nspec", "name: x\n  annotations: {hangar/further_windows: '3'}\nspec"
        ),
        FOREIGN + "---" + FOREIGN,
        "a: &a [1]\nb: *a",
        "[" * 3000,
    ],
    ids=range(22),
)
def test_what_can_not_be_read_is_refused_whole(tenant: Tenant, document: str) -> None:
    good = FOREIGN.replace("api-availability", "first")
    for text in (document, f"{good}---\n{document}"):
        answer = import_(tenant, text)
        assert set(pointers(refused(answer, 422))) == {"#/document"}, answer.text
    assert tenant.client.get(POLICIES).json() == []


windows = st.one_of(
    st.builds(lambda days: {"kind": "ROLLING", "days": days, "unit": None}, st.integers(1, 366)),
    st.builds(
        lambda unit: {"kind": "CALENDAR", "days": None, "unit": unit},
        st.sampled_from(["DAY", "WEEK", "MONTH", "QUARTER", "YEAR"]),
    ),
)
words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=40).filter(
    lambda text: text.strip() == text and text
)
policies = st.fixed_dictionaries(
    {
        "policy_key": words,
        "service_name": words,
        "signal_name": words,
        "description": st.none() | words,
        "runbook_url": st.none() | st.just("https://example.com/a?b#c"),
        "target_ratio": st.floats(0, 1),
        "latency_threshold_ms": st.none() | st.floats(0, 1e6),
        "window_minutes": st.integers(1, 1440),
        "minimum_samples": st.integers(1, 1000),
        "alert_severity": st.sampled_from(["P1", "P2", "P3"]),
        "alert_on": st.sampled_from(["BREACH", "BURN_RATE", "BOTH"]),
        "objective_windows": st.lists(windows, min_size=1, max_size=5, unique_by=str),
        "timezone": st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
        "is_active": st.booleans(),
        "detail": st.dictionaries(words, st.none() | st.integers() | words | st.lists(words)),
    }
)


@given(st.lists(policies, max_size=3))
@settings(max_examples=150, deadline=None)
def test_every_objective_comes_back_as_it_was(given_policies: list[dict[str, Any]]) -> None:
    read = [SloPolicyCreate.model_validate(one) for one in openslo.load(openslo.dump(given_policies))]
    for before, after in zip(given_policies, read, strict=True):
        found = after.model_dump(mode="json")
        assert found == SloPolicyCreate.model_validate(before).model_dump(mode="json")
