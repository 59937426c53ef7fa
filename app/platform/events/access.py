"""Who may read which event: each type names the permission that its reader needs."""

from app.kernel.events.envelope import catalogue
from app.kernel.security.permissions import EVERYTHING
from app.kernel.security.principal import Principal


def readable_types(principal: Principal) -> list[str] | None:
    """The event types the principal may read, sorted; None when it may read everything.

    Types that this release no longer declares are only for those who hold every permission.
    """
    if EVERYTHING in principal.permissions:
        return None
    return [name for name, event in catalogue().items() if principal.can(event.permission)]


def may_read(principal: Principal, event_type: str) -> bool:
    """Whether the principal may read events of this type."""
    types = readable_types(principal)
    return types is None or event_type in types


def matching(types: list[str] | None, pattern: str) -> list[str]:
    """The readable types that `pattern` names: a type, or a family such as `asset.*`."""
    if not pattern.endswith(".*"):
        return [pattern] if types is None or pattern in types else []
    among = list(catalogue()) if types is None else types
    return [name for name in among if name.startswith(pattern[:-1])]
