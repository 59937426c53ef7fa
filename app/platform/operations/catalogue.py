"""The permission of each kind of operation, by name."""

from app.kernel.security.permissions import Permission
from app.kernel.security.principal import Principal

_PERMISSIONS: dict[str, Permission] = {}


def declare(kind: str, permission: Permission) -> None:
    """Raises `TypeError` for a name that is taken."""
    if kind in _PERMISSIONS:
        raise TypeError(f"operation kind {kind} is declared twice")
    _PERMISSIONS[kind] = permission


def kinds_open_to(principal: Principal) -> list[str]:
    """Names of the kinds whose operations the principal may see and cancel, whoever started them."""
    return [kind for kind, permission in _PERMISSIONS.items() if principal.can(permission)]


def permission_of(kind: str) -> Permission | None:
    """None for a kind that this release no longer has."""
    return _PERMISSIONS.get(kind)
