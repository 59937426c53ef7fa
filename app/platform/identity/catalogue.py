"""The permission catalogue: owned by code, the same for every tenant, writable by none.

The registry hands in what the modules declare; until then the words of the HTTP contract stand.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType

from app.kernel.module import RoleTemplate
from app.kernel.security.permissions import EVERYTHING, Permission
from app.platform.identity.permissions import IDENTITY_READ, IDENTITY_WRITE, RESERVED
from app.platform.identity.templates import TEMPLATES

_PERMISSIONS: dict[str, Permission] = {str(p): p for p in (*RESERVED, IDENTITY_READ, IDENTITY_WRITE)}
_TEMPLATES: dict[str, RoleTemplate] = {template.key: template for template in TEMPLATES}


def install_catalogue(permissions: Iterable[Permission], role_templates: Iterable[RoleTemplate]) -> None:
    """Make every module's permissions and role templates known. Safe to call again.

    Raises `ValueError` when a template names a permission that nobody declares.
    """
    _PERMISSIONS.update({str(permission): permission for permission in permissions})
    _TEMPLATES.update({template.key: template for template in role_templates})
    common.cache_clear()
    for template in _TEMPLATES.values():
        unknown = set(template.permissions) - set(_PERMISSIONS)
        if unknown:
            raise ValueError(f"role template {template.key} names unknown permissions: {sorted(unknown)}")


def permissions() -> Mapping[str, Permission]:
    return MappingProxyType(_PERMISSIONS)


def templates() -> Mapping[str, RoleTemplate]:
    return MappingProxyType(_TEMPLATES)


def holds(held: frozenset[str], name: str) -> bool:
    """Whether `held` opens every door that the permission `name` opens."""
    if EVERYTHING in held or name in held:
        return True
    known = _PERMISSIONS.get(name)
    return known is not None and known.granted_by(held)


def listed(held: frozenset[str]) -> list[str]:
    """What a client is told it holds: `*` comes with every name that it stands for."""
    return sorted({*held, *_PERMISSIONS} if EVERYTHING in held else held)


@lru_cache(maxsize=4096)
def common(scopes: frozenset[str], held: frozenset[str]) -> frozenset[str]:
    """What is allowed by both: an API key's scopes and its user's permissions at this moment."""
    if EVERYTHING in scopes:
        return held
    if EVERYTHING in held:
        return scopes
    return frozenset(name for name in _PERMISSIONS if holds(scopes, name) and holds(held, name))
