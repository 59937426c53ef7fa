"""The files of infra/prometheus and infra/grafana against the metrics that the app really exports.

A renamed metric breaks no alert rule loudly: the rule goes silent. These tests are what notices.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from app.kernel.obs import metrics

INFRA = Path(__file__).parents[2] / "infra"
RULES = INFRA / "prometheus/rules/hangar.yml"
DASHBOARD = INFRA / "grafana/dashboards/hangar-overview.json"
GRAFANA_INTERVAL = "$__rate_interval"
SUFFIXES = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
# Made by Prometheus itself: whether a scrape worked, and the state of the rules.
FROM_PROMETHEUS = {"up": {"job", "instance"}, "ALERTS": {"alertname", "alertstate"}}
SCRAPE_LABELS = {"job", "instance", "le"}
NOT_METRICS = {
    "and",
    "or",
    "unless",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "bool",
    "offset",
}


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def _compose() -> dict[str, Any]:
    services: dict[str, Any] = _yaml(INFRA / "docker-compose.yml")["services"]
    return services


def _rules() -> list[dict[str, Any]]:
    return [rule for group in _yaml(RULES)["groups"] for rule in group["rules"]]


def _panels() -> list[dict[str, Any]]:
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def _expressions() -> Iterator[tuple[str, str]]:
    for rule in _rules():
        yield f"alert {rule['alert']}", rule["expr"]
    for panel in _panels():
        for target in panel["targets"]:
            yield f"panel {panel['title']}", target["expr"]
    for annotation in json.loads(DASHBOARD.read_text())["annotations"]["list"]:
        yield f"annotation {annotation['name']}", annotation["expr"]


def _exported() -> dict[str, set[str]]:
    """Time series name → its label names, as a scrape of this process shows them."""
    found = {
        family.name + suffix: set[str]()
        for family in REGISTRY.collect()
        for suffix in SUFFIXES.get(family.type, [""])
    }
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            for suffix in SUFFIXES.get(metric._type, [""]):
                found[metric._name + suffix] = set(metric._labelnames)
    return found | FROM_PROMETHEUS


def _selectors(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Each metric that a PromQL expression reads, with the labels that its matchers name."""
    without_grouping = re.sub(r"\b(by|without|on|ignoring)\s*\([^)]*\)", " ", expression)
    without_ranges = re.sub(r"\[[^\]]*\]", " ", without_grouping)
    for name, call, matchers in re.findall(
        r"(?<![\w\"])([A-Za-z_:][\w:]*)\s*(\()?(?:\{([^}]*)\})?", without_ranges
    ):
        if not call and name not in NOT_METRICS and f'"{name}' not in without_ranges:
            yield name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))


def _grouping(expression: str) -> set[str]:
    lists = re.findall(r"\bby\s*\(([^)]*)\)", expression)
    return {label.strip() for labels in lists for label in labels.split(",")}


def test_the_reader_of_expressions_sees_names_and_labels() -> None:
    expression = 'sum by (le, route) (rate(a_bucket{x=~"b|c", y!="d"}[5m])) / e > 0.5 and up == 1'
    assert list(_selectors(expression)) == [("a_bucket", {"x", "y"}), ("e", set()), ("up", set())]
    assert _grouping(expression) == {"le", "route"}


@pytest.mark.parametrize(
    ("where", "expression"), [pytest.param(*pair, id=pair[0]) for pair in _expressions()]
)
def test_every_expression_reads_exported_metrics_by_labels_they_have(where: str, expression: str) -> None:
    exported = _exported()
    read = list(_selectors(expression))
    assert read, where
    for name, labels in read:
        assert name in exported, f"{where}: nothing exports {name}"
        assert labels <= exported[name] | SCRAPE_LABELS, f"{where}: {name} has no such label"
    known = SCRAPE_LABELS.union(*(exported[name] for name, _ in read))
    assert _grouping(expression) <= known, where


def test_every_metric_of_the_app_is_on_the_dashboard() -> None:
    shown = {
        name
        for where, expression in _expressions()
        if where.startswith("panel")
        for name, _ in _selectors(expression)
    }
    families = {m._name: m._type for m in vars(metrics).values() if isinstance(m, MetricWrapperBase)}
    assert len(families) >= 10
    unseen = {n for n, kind in families.items() if not {n + s for s in SUFFIXES.get(kind, [""])} & shown}
    assert unseen == set()


def test_every_alert_says_how_bad_it_is_and_what_it_means() -> None:
    rules = _rules()
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in {"page", "ticket"}, rule["alert"]
        assert set(rule["annotations"]) == {"summary", "description"}, rule["alert"]


def test_panels_have_their_own_ids_and_the_chosen_data_source() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    assert {variable["name"] for variable in dashboard["templating"]["list"]} == {"datasource"}
    assert {panel["datasource"]["uid"] for panel in _panels()} == {"${datasource}"}


def test_prometheus_scrapes_app_and_worker_and_finds_its_rules() -> None:
    services = _compose()
    config = _yaml(INFRA / "prometheus/prometheus.yml")
    targets = {
        job["job_name"]: target
        for job in config["scrape_configs"]
        for static in job["static_configs"]
        for target in static["targets"]
    }
    assert targets["hangar"] == f"app:{services['app']['command'][-1]}"
    assert (
        targets["hangar-worker"]
        == f"worker:{services['worker']['environment']['HANGAR_WORKER_METRICS_PORT']}"
    )
    assert "./prometheus:/etc/prometheus:ro" in services["prometheus"]["volumes"]
    assert config["rule_files"] == ["/etc/prometheus/rules/*.yml"]
    assert RULES.parent == INFRA / "prometheus/rules"


def test_grafana_is_provisioned_from_the_mounted_files() -> None:
    mounts = dict(volume.removesuffix(":ro").split(":") for volume in _compose()["grafana"]["volumes"])
    assert (INFRA / _source(mounts, "/etc/grafana/provisioning") / "datasources/prometheus.yml").is_file()
    (provider,) = _yaml(INFRA / "grafana/provisioning/dashboards/hangar.yml")["providers"]
    assert (INFRA / _source(mounts, provider["options"]["path"]) / DASHBOARD.name).is_file()
    (source,) = _yaml(INFRA / "grafana/provisioning/datasources/prometheus.yml")["datasources"]
    assert source["url"] == "http://prometheus:9090"


def _source(mounts: dict[str, str], target: str) -> str:
    (source,) = [source for source, inside in mounts.items() if inside == target]
    return source


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed: Debian package `prometheus`")
    return found


@pytest.mark.full
def test_each_alert_fires_when_it_must_and_not_otherwise(promtool: str) -> None:
    scenarios = INFRA / "prometheus/tests/hangar_test.yml"
    done = subprocess.run(
        [promtool, "test", "rules", str(scenarios)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    fired = set(re.findall(r'alertname="(Hangar\w+)"', scenarios.read_text())) | {
        check["alertname"]
        for scenario in _yaml(scenarios)["tests"]
        for check in scenario.get("alert_rule_test", [])
        if check.get("exp_alerts")
    }
    assert fired == {rule["alert"] for rule in _rules()}


@pytest.mark.full
def test_prometheus_reads_every_expression_of_the_dashboard(promtool: str, tmp_path: Path) -> None:
    rules = [
        {"record": f"check:expression_{number}", "expr": expression.replace(GRAFANA_INTERVAL, "5m")}
        for number, (_, expression) in enumerate(_expressions())
    ]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = subprocess.run(
        [promtool, "check", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules)} rules found" in done.stdout
