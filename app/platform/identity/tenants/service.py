"""Making tenants, and the first administrator of each."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select

from app.kernel.db.engine import Database
from app.kernel.events.envelope import ref
from app.kernel.ids import new_id
from app.kernel.security.permissions import EVERYTHING
from app.kernel.security.principal import system
from app.kernel.tx import AnonymousTx, ReadTx, WriteTx
from app.platform.identity.errors import TenantHasUsers, TenantNotFound
from app.platform.identity.events import RoleCreated, TenantCreated, UserCreated, UserRoleBound
from app.platform.identity.grants import lock_administrators
from app.platform.identity.models import Role, Tenant, User, UserRole
from app.platform.identity.passwords import hash_password

ADMINISTRATOR_ROLE = "admin"


def create_tenant(tx: AnonymousTx, name: str) -> Tenant:
    """A new tenant; the transaction goes on inside it. The name is checked by its unique constraint."""
    tenant = Tenant(id=new_id(), name=name, created_at=tx.now)
    tx.execute(insert(Tenant).values(id=tenant.id, name=name, created_at=tx.now))
    tx.enter(system(tenant.id, "bootstrap"))
    tx.emit(
        TenantCreated(tenant_id=tenant.id, name=name), subject=ref("tenant", tenant.id), after={"name": name}
    )
    return tenant


def create_administrator(tx: AnonymousTx, tenant_id: str, username: str, password: str) -> User:
    """The first user of a tenant, with role `admin`, which holds `*`.

    Raises `TenantNotFound`, and `TenantHasUsers` for a tenant that has any.
    """
    found = find_tenant(tx, tenant_id)
    if found is None:
        raise TenantNotFound
    tx.enter(system(found.id, "bootstrap"))
    lock_administrators(tx)
    if tx.scalar(select(User.id).limit(1)) is not None:
        raise TenantHasUsers("This tenant has a user already.")
    moment = {"created_at": tx.now, "updated_at": tx.now}
    role = tx.add(
        Role(
            name=ADMINISTRATOR_ROLE,
            description="Every permission of the tenant.",
            permissions=[EVERYTHING],
            **moment,
        )
    )
    user = tx.add(User(username=username, password_hash=hash_password(password), **moment))
    tx.add(UserRole(tenant_id=tx.tenant_id, user_id=user.id, role_id=role.id, created_at=tx.now))
    _announce(tx, role, user)
    return user


def _announce(tx: WriteTx, role: Role, user: User) -> None:
    of_role, of_user = ref("role", role.id), ref("user", user.id)
    tx.emit(RoleCreated(role_id=role.id, name=role.name, permissions=role.permissions), subject=of_role)
    tx.emit(
        UserCreated(user_id=user.id, username=user.username),
        subject=of_user,
        after={"username": user.username, "is_active": True},
    )
    tx.emit(UserRoleBound(user_id=user.id, role_id=role.id), subject=of_user, related=[of_role])


def find_tenant(tx: ReadTx, name_or_id: str) -> Row[Any] | None:
    """A tenant's id and name by either; an id wins over a name that looks like one."""
    try:
        by_id = tx.first(select(Tenant.id, Tenant.name).where(Tenant.id == UUID(name_or_id)))
    except ValueError:
        by_id = None
    return by_id or tx.first(select(Tenant.id, Tenant.name).where(Tenant.name == name_or_id))


def tenant_named(database: Database, name: str) -> UUID | None:
    """The id of the tenant of this name, for work that a setting names a tenant for."""
    with database.connect() as conn, conn.begin():
        return conn.execute(select(Tenant.id).where(Tenant.name == name)).scalar()


def list_tenants(database: Database) -> list[UUID]:
    """Every tenant's id, oldest first. For the relay and periodic jobs; no request path calls it."""
    with database.connect() as conn, conn.begin():
        return list(conn.execute(select(Tenant.id).order_by(Tenant.id)).scalars())
