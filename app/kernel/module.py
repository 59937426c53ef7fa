"""What a module hands to the registry, and through it to the kernel."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from app.kernel.api.routing import Router
from app.kernel.jobs.engine import Job
from app.kernel.problem import Problem
from app.kernel.security.permissions import Permission
from app.kernel.tx import Subscriber, WriteTx


@dataclass(frozen=True, slots=True)
class RoleTemplate:
    """A role that a tenant can make in one call. `permissions` are names from the catalogue."""

    key: str
    name: str
    description: str
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Module:
    """One module of the product.

    `constraints`: problem by database constraint name. `subscriptions`: functions run in the transaction that
    emits the event type. `jobs`: what the worker may run, periodic ones included. `demo_data`: fills a fresh
    demo tenant; must be safe to run twice.
    """

    name: str
    routers: Sequence[Router] = ()
    permissions: Sequence[Permission] = ()
    role_templates: Sequence[RoleTemplate] = ()
    constraints: Mapping[str, Problem] = field(default_factory=dict)
    subscriptions: Mapping[str, Subscriber] = field(default_factory=dict)
    jobs: Sequence[Job] = ()
    demo_data: Callable[[WriteTx], None] | None = None
