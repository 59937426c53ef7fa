"""Identity: tenants, users, roles, API keys, sessions, and the principal behind every request."""

from app.platform.identity.actors import permissions_of
from app.platform.identity.catalogue import install_catalogue
from app.platform.identity.permissions import IDENTITY_READ, IDENTITY_WRITE
from app.platform.identity.principals import IdentityPrincipals, UserPrincipal
from app.platform.identity.review import LiveKey, UnusedUser, Wildcards, live_keys, unused_users, wildcards
from app.platform.identity.seeding import (
    DEMO_PASSWORD,
    DEMO_USERS,
    SeededTenant,
    create_tenant_with_admin,
)
from app.platform.identity.sessions.pages import (
    SESSION_LIFETIME,
    NewSession,
    begin_page_session,
    csrf_matches,
    csrf_token,
    open_page_session,
)
from app.platform.identity.sessions.service import authenticate, end_session
from app.platform.identity.tenants.service import list_tenants, tenant_named
from app.platform.identity.users.service import resolve_user

__all__ = [
    "DEMO_PASSWORD",
    "DEMO_USERS",
    "IDENTITY_READ",
    "IDENTITY_WRITE",
    "SESSION_LIFETIME",
    "IdentityPrincipals",
    "LiveKey",
    "NewSession",
    "SeededTenant",
    "UnusedUser",
    "UserPrincipal",
    "Wildcards",
    "authenticate",
    "begin_page_session",
    "create_tenant_with_admin",
    "csrf_matches",
    "csrf_token",
    "end_session",
    "install_catalogue",
    "list_tenants",
    "live_keys",
    "open_page_session",
    "permissions_of",
    "resolve_user",
    "tenant_named",
    "unused_users",
    "wildcards",
]
