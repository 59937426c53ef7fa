"""Identity: tenants, users, roles, API keys, sessions, and the principal behind every request."""

from app.platform.identity.catalogue import install_catalogue
from app.platform.identity.permissions import IDENTITY_READ, IDENTITY_WRITE
from app.platform.identity.principals import IdentityPrincipals, UserPrincipal
from app.platform.identity.seeding import (
    DEMO_PASSWORD,
    DEMO_USERS,
    SeededTenant,
    create_tenant_with_admin,
)
from app.platform.identity.tenants.service import list_tenants

__all__ = [
    "DEMO_PASSWORD",
    "DEMO_USERS",
    "IDENTITY_READ",
    "IDENTITY_WRITE",
    "IdentityPrincipals",
    "SeededTenant",
    "UserPrincipal",
    "create_tenant_with_admin",
    "install_catalogue",
    "list_tenants",
]
