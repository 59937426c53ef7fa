"""Identity, as the registry sees it."""

from app.kernel.module import Module
from app.platform.identity.errors import RoleNameTaken, TenantNameTaken, UsernameTaken
from app.platform.identity.keys.api import router as keys
from app.platform.identity.permissions import IDENTITY_READ, IDENTITY_WRITE
from app.platform.identity.roles.api import router as roles
from app.platform.identity.seeding import seed_demo_users
from app.platform.identity.sessions.api import router as sessions
from app.platform.identity.sessions.upkeep import FORGET_EXPIRED
from app.platform.identity.templates import TEMPLATES
from app.platform.identity.tenants.api import router as tenants
from app.platform.identity.users.api import router as users

module = Module(
    "identity",
    routers=[tenants, sessions, users, roles, keys],
    permissions=[IDENTITY_READ, IDENTITY_WRITE],
    role_templates=TEMPLATES,
    constraints={
        "uq_tenant_name": TenantNameTaken("Another tenant has this name."),
        "uq_identity_user_tenant_id_username": UsernameTaken("Another user has this name."),
        "uq_identity_role_tenant_id_name": RoleNameTaken("Another role has this name."),
    },
    jobs=[FORGET_EXPIRED],
    demo_data=seed_demo_users,
)
