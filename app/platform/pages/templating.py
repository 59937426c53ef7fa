"""The one jinja2 environment of all HTML: templates of this package and of the modules that add theirs."""

from datetime import UTC, datetime

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from app.version import VERSION

_loader = ChoiceLoader([PackageLoader("app.platform.pages")])


def _instant(value: datetime) -> str:
    """To the second, in UTC: what an operator compares with a log line."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


environment = Environment(
    loader=_loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
environment.filters["instant"] = _instant
environment.globals["version"] = VERSION
_links: list[tuple[str, str]] = []
environment.globals["module_links"] = _links


def add_templates(package: str) -> None:
    """Also look in the `templates` directory of a package. Keep names apart: `storage/health.html`."""
    _loader.loaders = [*_loader.loaders, PackageLoader(package)]


def add_link(href: str, name: str) -> None:
    """Name a module's page in the main navigation; it is current on all pages below it."""
    if (href, name) not in _links:
        _links.append((href, name))
