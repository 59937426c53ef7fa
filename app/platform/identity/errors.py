"""Problems of this module."""

from pydantic import BaseModel, Field

from app.kernel.problem import Conflict, NotFound


class KnownTemplates(BaseModel):
    known: list[str] = Field(description="The keys there are.", examples=[["dispatcher", "technician"]])


class TenantNameTaken(Conflict):
    """Another tenant has this name."""

    code, title = "tenant_name_taken", "Tenant name taken"


class TenantHasUsers(Conflict):
    """The tenant has a user already; its administrators make further ones."""

    code, title = "tenant_has_users", "Tenant has users already"


class UsernameTaken(Conflict):
    """Another user of this tenant has this name."""

    code, title = "username_taken", "Username taken"


class RoleNameTaken(Conflict):
    """Another role of this tenant has this name."""

    code, title = "role_name_taken", "Role name taken"


class NotYourself(Conflict):
    """Nobody disables or deletes their own user."""

    code, title = "not_yourself", "Not possible for yourself"


class LastAdministrator(Conflict):
    """The change would leave the tenant without an active user that holds every permission."""

    code, title = "last_administrator", "Last administrator"


class TenantNotFound(NotFound):
    """No such tenant that the caller may see."""

    code, title = "tenant_not_found", "Tenant not found"


class UserNotFound(NotFound):
    """No such user in this tenant."""

    code, title = "user_not_found", "User not found"


class RoleNotFound(NotFound):
    """No such role in this tenant."""

    code, title = "role_not_found", "Role not found"


class RoleTemplateNotFound(NotFound):
    """No role template with this key; GET /api/identity/role-templates lists them."""

    code, title = "role_template_not_found", "Role template not found"
    extra = KnownTemplates


class ApiKeyNotFound(NotFound):
    """No such API key in this tenant."""

    code, title = "api_key_not_found", "API key not found"
