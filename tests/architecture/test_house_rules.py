"""Rules of the house that no linter knows. Each has a literal list of who may, and why."""

import ast
import tomllib

from app.registry import MODULES
from app.version import VERSION
from tests.architecture.sources import APP, ROOT, Source, called, dotted, sources

LONGEST_FILE = 500
# Reads the variables of its own process to hand them on to a child, not to configure anything.
PASSES_ENVIRONMENT_ON = {"app/kernel/embedded/process.py"}
# The unit of work commits by leaving `conn.begin()`. A migration commits between its resumable steps.
COMMITS = {"app/kernel/db/migrate_session.py"}
CLOCK = "app/kernel/clock.py"
SETTINGS = "app/settings.py"


def offenders(sees: object, allowed: set[str] = frozenset()) -> list[str]:  # type: ignore[assignment]
    assert callable(sees)
    return [source.name for source in sources() if source.name not in allowed and sees(source)]


def attribute_calls(source: Source, *names: str) -> bool:
    return any(isinstance(call.func, ast.Attribute) and call.func.attr in names for call in source.calls())


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    long = {
        source.name: lines for source in sources() if (lines := len(source.text.splitlines())) > LONGEST_FILE
    }
    assert long == {}


def test_only_settings_read_the_environment() -> None:
    def reads(source: Source) -> bool:
        names = {dotted(node) for node in ast.walk(source.tree) if isinstance(node, ast.Attribute)}
        return bool(names & {"os.environ", "os.environb", "os.getenv"}) or "from os import" in source.text

    assert offenders(reads, PASSES_ENVIRONMENT_ON) == []
    assert "BaseSettings" in next(source.text for source in sources() if source.name == SETTINGS)


def test_nobody_commits_but_those_who_own_the_transaction() -> None:
    assert offenders(lambda source: attribute_calls(source, "commit"), COMMITS) == []


def test_nothing_is_printed() -> None:
    assert offenders(lambda source: any(dotted(call.func) == "print" for call in source.calls())) == []


def test_time_comes_from_the_clock() -> None:
    def asks_elsewhere(source: Source) -> bool:
        wanted = {
            "datetime.now",
            "datetime.utcnow",
            "datetime.today",
            "date.today",
            "time.time",
            "datetime.datetime.now",
        }
        return any(dotted(call.func) in wanted for call in source.calls())

    assert offenders(asks_elsewhere, {CLOCK}) == []
    assert asks_elsewhere(next(source for source in sources() if source.name == CLOCK))


def test_ids_come_from_the_kernel() -> None:
    def makes_its_own(source: Source) -> bool:
        return any(called(call) in {"uuid1", "uuid4", "uuid6", "uuid7"} for call in source.calls())

    assert offenders(makes_its_own, {"app/kernel/ids.py"}) == []


def test_the_version_is_said_once_and_again_the_same() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["version"] == VERSION


def test_every_module_is_registered() -> None:
    """A package with a `module.py` is in the registry, under its own name."""
    packages = {
        path.parent.name for kind in ("platform", "domains") for path in (APP / kind).glob("*/module.py")
    }
    assert packages == {module.name for module in MODULES}
    assert len(packages) == len(MODULES)


def test_every_package_of_the_platform_and_the_domains_is_a_module() -> None:
    for kind in ("platform", "domains"):
        for package in (APP / kind).iterdir():
            if package.is_dir() and any(package.glob("*.py")):
                assert (package / "module.py").exists(), package


def test_every_domain_says_what_it_is() -> None:
    silent = [
        path.parent.name
        for path in (APP / "domains").glob("*/module.py")
        if not (path.parent / "README.md").exists() or len((path.parent / "README.md").read_text()) < 200
    ]
    assert silent == [], "each domain has a README.md: what it is for, its tables, its events, its rules"
