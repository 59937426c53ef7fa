"""The installed packages against advisories that were fetched beforehand: an inspection reaches no network.

The file is JSON in the OSV schema (https://ossf.github.io/osv-schema/): a list of records, or `{"vulns": [...]}`.
"""

import json
import re
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from app.domains.observability.inspections.checks.base import (
    Check,
    Ground,
    Outcome,
    failed,
    named,
    passed,
    some,
    warned,
)
from app.domains.observability.inspections.words import Weight

OLD_AFTER_DAYS = 30


def advisories(ground: Ground) -> Outcome:
    """A package is affected when OSV's ranges or list of versions say so for the version that is installed."""
    given = ground.settings.advisory_file
    if not given:
        return warned("HANGAR_ADVISORY_FILE is not set: nobody knows whether a package has a known hole.")
    try:
        path = Path(given)
        content = json.loads(path.read_text())
        changed = path.stat().st_mtime
    except (OSError, ValueError) as error:
        return warned(f"The advisory file can't be read: {type(error).__name__}.")
    records = content.get("vulns", []) if isinstance(content, dict) else content
    installed = {_name(dist.metadata["Name"]): dist.version for dist in distributions()}
    found = [
        {"id": str(record.get("id", "")), "package": name, "version": installed[name]}
        for record in records
        if isinstance(record, dict) and not record.get("withdrawn")
        for name in _affected(record, installed)
    ]
    age = int((ground.tx.now.timestamp() - changed) // 86_400)
    evidence = {"packages": len(installed), "advisories": len(records), "file_age_days": age}
    if found:
        what = named(f"{one['package']} {one['version']} ({one['id']})" for one in found)
        return failed(f"Known holes: {what}.", affected=some(found), **evidence)
    if age > OLD_AFTER_DAYS:
        return warned(f"No known hole, but the advisory file is {age} days old.", **evidence)
    return passed(f"{len(installed)} packages, none in {len(records)} advisories.", **evidence)


def _affected(record: dict[str, Any], installed: dict[str, str]) -> Iterator[str]:
    """The installed packages that a record is about, each once."""
    seen = set()
    for affected in record.get("affected", []):
        package = affected.get("package", {})
        name = _name(str(package.get("name", "")))
        version = installed.get(name)
        if version is None or package.get("ecosystem") != "PyPI" or name in seen:
            continue
        ranges = [r for r in affected.get("ranges", []) if r.get("type") == "ECOSYSTEM"]
        if version in affected.get("versions", []) or any(
            _within(version, r.get("events", [])) for r in ranges
        ):
            seen.add(name)
            yield name


def _within(version: str, events: list[dict[str, str]]) -> bool:
    """OSV's evaluation of one range: the last event at or before the version decides. `introduced: 0` is the start."""
    inside = False
    try:
        here = Version(version)
        for event in sorted(events, key=_place):
            if "introduced" in event and (event["introduced"] == "0" or here >= Version(event["introduced"])):
                inside = True
            fixed = "fixed" in event and here >= Version(event["fixed"])
            if fixed or ("last_affected" in event and here > Version(event["last_affected"])):
                inside = False
    except InvalidVersion:
        return False
    return inside


def _place(event: dict[str, str]) -> tuple[Version, int]:
    (kind, text), *_ = event.items()
    return Version("0.dev0" if text == "0" else text), 0 if kind == "introduced" else 1


def _name(name: str) -> str:
    """The normalised name of a distribution (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


CHECKS = (
    Check(
        "dependencies.advisories",
        Weight.HIGH,
        "No package has a known hole",
        "Update the named packages; fetch the advisories of PyPI from osv.dev regularly.",
        advisories,
    ),
)
