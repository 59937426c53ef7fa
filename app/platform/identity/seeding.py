"""Tenants made without HTTP: for the command line, the demo and whoever seeds."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from app.kernel.db.engine import Database, bind
from app.kernel.tx import AnonymousTx, Origin, WriteTx
from app.platform.identity.errors import UserNotFound
from app.platform.identity.models import User
from app.platform.identity.roles.service import create_from_template
from app.platform.identity.templates import TEMPLATES
from app.platform.identity.tenants.service import create_administrator, create_tenant, find_tenant
from app.platform.identity.users.binding import bind_role
from app.platform.identity.users.service import create_user

DEMO_PASSWORD = "hangar-demo"  # noqa: S105 shown on the landing page of the dev profile
DEMO_USERS = tuple(template.key for template in TEMPLATES)


@dataclass(frozen=True, slots=True)
class SeededTenant:
    tenant_id: UUID
    user_id: UUID
    created: bool


def create_tenant_with_admin(database: Database, *, name: str, username: str, password: str) -> SeededTenant:
    """A tenant with its first administrator, in one transaction; the one that is there when the name is taken.

    Raises `UserNotFound` when the tenant is there and has no user of that name.
    """
    with database.connect() as conn, conn.begin():
        tx = AnonymousTx.begin(conn, Origin("seed", "seed"))
        found = find_tenant(tx, name)
        if found is not None:
            bind(conn, found.id, "system:seed")
            there = tx.one(select(User.id).where(User.username == username), UserNotFound)
            return SeededTenant(found.id, there.id, created=False)
        tenant = create_tenant(tx, name)
        user = create_administrator(tx, str(tenant.id), username, password)
        tx.finish()
        return SeededTenant(tenant.id, user.id, created=True)


def seed_demo_users(tx: WriteTx) -> None:
    """One user per role template of this module, named after it, with the demo password. Safe to run twice."""
    present = {row.username for row in tx.all(select(User.username).where(User.username.in_(DEMO_USERS)))}
    for key in DEMO_USERS:
        if key not in present:
            role = create_from_template(tx, key, None)
            user = create_user(tx, key, DEMO_PASSWORD)
            bind_role(tx, user.id, role.id)
