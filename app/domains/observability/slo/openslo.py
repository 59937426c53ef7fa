"""Objectives as OpenSLO documents and back (github.com/OpenSLO/OpenSLO, apiVersion openslo/v1, kind SLO).

What OpenSLO can say stands where it says it; what only Hangar knows stands in `metadata.annotations` as JSON, so that a
document comes back as it was. OpenSLO takes one time window; further ones are an annotation too. Read are documents
with one objective, budgeted by occurrences, whose total metric comes from a source of type `hangar`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

import yaml

API_VERSION = "openslo/v1"
SOURCE = "hangar"
_PREFIX = "hangar/"
_ANNOTATED = (
    "window_minutes",
    "minimum_samples",
    "alert_severity",
    "alert_on",
    "is_active",
    "runbook_url",
    "detail",
)
_FURTHER = _PREFIX + "further_windows"
_UNITS = {"DAY": "1d", "WEEK": "1w", "MONTH": "1M", "QUARTER": "1Q", "YEAR": "1Y"}
_CALENDAR = {text: unit for unit, text in _UNITS.items()}
_DURATION = re.compile(r"(\d{1,4})([mhdwMQY])")
_DAYS = {"d": 1, "w": 7}
MOST_DOCUMENTS = 500
_MOST_CHARACTERS = 500_000
_DEEPEST = 30


class OpenSloError(ValueError):
    """A document that is no OpenSLO we can read; `document` counts from 0."""

    def __init__(self, document: int, detail: str) -> None:
        super().__init__(detail)
        self.document = document
        self.detail = detail


def dump(policies: Iterable[Mapping[str, Any]]) -> str:
    """One YAML document for each policy, given by its fields as in the API."""
    documents = [_document(policy) for policy in policies]
    text: str = yaml.dump_all(
        documents, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, explicit_start=True
    )
    return text if documents else ""


def load(text: str) -> list[dict[str, Any]]:
    """The fields of each policy. Values are checked by the API's schema, not here. Raises `OpenSloError`."""
    if len(text) > _MOST_CHARACTERS:
        raise OpenSloError(0, f"Longer than {_MOST_CHARACTERS} characters.")
    try:
        _refuse_bombs(text)
        documents = [one for one in yaml.load_all(text, Loader=yaml.CSafeLoader) if one is not None]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, OpenSloError):
            raise
        raise OpenSloError(0, f"Not YAML: {error}") from error
    if len(documents) > MOST_DOCUMENTS:
        raise OpenSloError(MOST_DOCUMENTS, f"More than {MOST_DOCUMENTS} documents.")
    return [_fields(number, document) for number, document in enumerate(documents)]


def _refuse_bombs(text: str) -> None:
    """Refuse what makes a small text costly: aliases (the billion laughs) and deep nesting. Nothing needs either."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise OpenSloError(0, "YAML aliases are not taken.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise OpenSloError(0, f"Nested deeper than {_DEEPEST}.")


def _document(policy: Mapping[str, Any]) -> dict[str, Any]:
    spec = {"service_name": policy["service_name"], "signal_name": policy["signal_name"]}
    good = spec | {"filter": "level <> 'ERROR' and status_code < 500"}
    if policy["latency_threshold_ms"] is not None:
        good["latency_threshold_ms"] = policy["latency_threshold_ms"]
    first, *further = policy["objective_windows"]
    notes = {_PREFIX + key: json.dumps(policy[key]) for key in _ANNOTATED}
    if first["unit"] is None:
        notes[_PREFIX + "timezone"] = json.dumps(policy["timezone"])
    if further:
        notes[_FURTHER] = json.dumps(further)
    return {
        "apiVersion": API_VERSION,
        "kind": "SLO",
        "metadata": {
            "name": _name(policy["policy_key"]),
            "displayName": policy["policy_key"],
            "annotations": notes,
        },
        "spec": {
            "description": policy["description"] or "",
            "service": policy["service_name"],
            "indicator": {
                "metadata": {"name": _name(policy["policy_key"])},
                "spec": {
                    "ratioMetric": {
                        "counter": False,
                        "good": {"metricSource": {"type": SOURCE, "spec": good}},
                        "total": {"metricSource": {"type": SOURCE, "spec": spec}},
                    }
                },
            },
            "timeWindow": [_window(first, policy["timezone"])],
            "budgetingMethod": "Occurrences",
            "objectives": [{"displayName": policy["policy_key"], "target": policy["target_ratio"]}],
        },
    }


def _window(window: Mapping[str, Any], timezone: str) -> dict[str, Any]:
    if window["unit"] is None:
        return {"duration": f"{window['days']}d", "isRolling": True}
    # The first of January 2024 is a Monday: a beginning of every calendar unit.
    calendar = {"startTime": "2024-01-01 00:00:00", "timeZone": timezone}
    return {"duration": _UNITS[window["unit"]], "isRolling": False, "calendar": calendar}


def _name(key: str) -> str:
    """A name as RFC 1123 wants it, which OpenSLO asks for."""
    return re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")[:63].strip("-") or "slo"


def _fields(number: int, document: Any) -> dict[str, Any]:
    at = _Place(number, document)
    if at.take("apiVersion") != API_VERSION or at.take("kind") != "SLO":
        raise OpenSloError(number, f"Only {API_VERSION} of kind SLO is read.")
    if at.take("spec", "budgetingMethod") != "Occurrences":
        raise OpenSloError(number, "Only the budgeting method Occurrences is read.")
    objective = at.only("spec", "objectives")
    metrics = at.take("spec", "indicator", "spec", "ratioMetric")
    total = _source(number, metrics, "total")
    good = _source(number, metrics, "good")
    notes, further = _annotations(number, at.take("metadata", "annotations", missing={}))
    window = at.only("spec", "timeWindow")
    zone = window.take("calendar", "timeZone", missing="UTC")
    fields = {
        "policy_key": at.take("metadata", "displayName", missing=None) or at.take("metadata", "name"),
        "description": at.take("spec", "description", missing=None),
        "service_name": total.get("service_name", at.take("spec", "service", missing=None)),
        "signal_name": total.get("signal_name", "request"),
        "target_ratio": objective.take("target"),
        "latency_threshold_ms": good.get("latency_threshold_ms"),
        "timezone": zone,
        "objective_windows": [_window_of(window), *further],
    } | notes
    if not _storable(fields):
        raise OpenSloError(number, "Text may not hold NUL or lone surrogates, and numbers must be finite.")
    return fields


def _storable(value: Any) -> bool:
    """Whether the database and JSON can hold it: YAML's escapes can write what they can't."""
    if isinstance(value, dict):
        return all(_storable(key) and _storable(item) for key, item in value.items())
    if isinstance(value, list):
        return all(_storable(item) for item in value)
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
    return not isinstance(value, float) or isfinite(value)


def _annotations(number: int, given: Any) -> tuple[dict[str, Any], list[Any]]:
    """The fields that annotations hold, and the further windows."""
    if not isinstance(given, dict):
        raise OpenSloError(number, "metadata.annotations must be a mapping.")
    try:
        notes = {
            key: json.loads(given[_PREFIX + key])
            for key in (*_ANNOTATED, "timezone")
            if _PREFIX + key in given
        }
        further = json.loads(given.get(_FURTHER, "[]"))
    except (TypeError, ValueError, RecursionError) as error:
        raise OpenSloError(number, f"An annotation of {_PREFIX} is not JSON: {error}") from error
    if not isinstance(further, list):
        raise OpenSloError(number, f"{_FURTHER} must be a list.")
    return notes, further


def _source(number: int, metrics: Any, which: str) -> dict[str, Any]:
    place = _Place(number, metrics)
    if place.take(which, "metricSource", "type") != SOURCE:
        raise OpenSloError(number, f"The {which} metric must come from a source of type {SOURCE}.")
    found = place.take(which, "metricSource", "spec")
    if not isinstance(found, dict):
        raise OpenSloError(number, f"The spec of the {which} metric must be a mapping.")
    return found


def _window_of(place: "_Place") -> dict[str, Any]:
    text = place.take("duration")
    matched = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if matched is None:
        raise OpenSloError(place.number, "timeWindow.duration must look like 30d, 4w or 1M.")
    if place.take("isRolling", missing=False) is True:
        days = int(matched[1]) * _DAYS.get(matched[2], 0)
        if days == 0:
            raise OpenSloError(place.number, "A rolling window is a number of days or weeks.")
        return {"kind": "ROLLING", "days": days}
    if text not in _CALENDAR:
        raise OpenSloError(place.number, f"A calendar window is one of {', '.join(sorted(_CALENDAR))}.")
    return {"kind": "CALENDAR", "unit": _CALENDAR[text]}


_REQUIRED = object()


class _Place:
    """A mapping in a document, with errors that say where something is missing."""

    def __init__(self, number: int, value: Any) -> None:
        self.number = number
        self.value = value

    def take(self, *path: str, missing: Any = _REQUIRED) -> Any:
        found = self.value
        for key in path:
            if not isinstance(found, dict) or key not in found:
                if missing is _REQUIRED:
                    raise OpenSloError(self.number, f"{'.'.join(path)} is missing.")
                return missing
            found = found[key]
        return found

    def only(self, *path: str) -> "_Place":
        found = self.take(*path)
        if not isinstance(found, list) or len(found) != 1:
            raise OpenSloError(self.number, f"{'.'.join(path)} must hold exactly one entry.")
        return _Place(self.number, found[0])
