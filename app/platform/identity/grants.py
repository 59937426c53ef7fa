"""Nobody gives what they don't hold, nobody manages a stronger user, and every tenant keeps an administrator."""

from collections.abc import Iterable
from uuid import UUID

from app.kernel.problem import FieldError, PermissionDenied, ValidationFailed
from app.kernel.security.permissions import EVERYTHING
from app.kernel.tx import ReadTx, WriteTx
from app.platform.identity.catalogue import holds, permissions
from app.platform.identity.errors import LastAdministrator
from app.platform.identity.principals import load_permissions

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('identity:' || %(tenant)s, 0))"
_ADMINISTRATOR = """
SELECT 1 FROM identity_user u
JOIN identity_user_role b ON b.tenant_id = u.tenant_id AND b.user_id = u.id
JOIN identity_role r ON r.tenant_id = b.tenant_id AND r.id = b.role_id
WHERE u.is_active AND '*' = ANY (r.permissions) LIMIT 1
"""


def check_names(names: Iterable[str], field: str) -> list[str]:
    """The names sorted, each once. Raises `ValidationFailed` for one that is not in the catalogue."""
    given = list(names)
    errors = [
        FieldError(
            pointer=f"#/{field}/{index}", code="unknown_permission", detail=f"There is no permission {name}."
        )
        for index, name in enumerate(given)
        if name != EVERYTHING and name not in permissions()
    ]
    if errors:
        raise ValidationFailed(
            "Check the permissions: GET /api/identity/permissions lists them.", errors=errors
        )
    return sorted(set(given))


def require_held(tx: ReadTx, names: Iterable[str]) -> None:
    """Raise `PermissionDenied` unless the caller holds every one of `names`."""
    for name in sorted(names):
        if not holds(tx.principal.permissions, name):
            raise PermissionDenied(
                f"You don't hold {name}, so you can't hand it on or take it away.", permission=name
            )


def require_over(tx: ReadTx, user_id: UUID) -> None:
    """Raise `PermissionDenied` when the user holds something that the caller doesn't.

    Otherwise whoever may write users could take over an administrator with a new password.
    """
    if user_id != tx.principal.user_id or tx.principal.kind != "user":
        require_held(tx, load_permissions(tx.conn, tx.tenant_id, user_id))


def lock_administrators(tx: WriteTx) -> None:
    """One change at a time among those that may cost the tenant its last administrator. Take it first."""
    tx.conn.exec_driver_sql(_LOCK, {"tenant": str(tx.tenant_id)})


def require_administrator(tx: WriteTx) -> None:
    """Raise `LastAdministrator` when, after this change, no active user holds every permission."""
    tx.flush()
    if tx.conn.exec_driver_sql(_ADMINISTRATOR).first() is None:
        raise LastAdministrator("An active user that holds `*` must remain in the tenant.")
