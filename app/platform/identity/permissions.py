"""The permissions of this module, and the words that the HTTP contract reserves for modules to come.

A module that lands declares its own `Permission` with the same name; the catalogue then uses that one.
"""

from app.kernel.security.permissions import Permission

IDENTITY_READ = Permission("identity.read", "See the tenant, its users, roles and API keys.")
IDENTITY_WRITE = Permission(
    "identity.write", "Manage users, roles and API keys, up to one's own permissions."
)

_REGISTRY = ("registry.read", "registry.write")
_REPORTING = ("reporting.read", "reporting.write")

RESERVED = (
    Permission("registry.read", "See operational units."),
    Permission("registry.write", "Manage operational units."),
    Permission("assets.read", "See assets and the resource pool.", also=_REGISTRY[:1]),
    Permission("assets.write", "Manage assets.", also=_REGISTRY[1:]),
    Permission("maintenance.read", "See work orders.", also=_REGISTRY[:1]),
    Permission("maintenance.write", "Open and work on work orders.", also=_REGISTRY[1:]),
    Permission("maintenance.release", "Release an asset to service.", also=_REGISTRY[1:]),
    *(
        Permission(f"{area}.{verb}", f"{verb.capitalize()} {what}.")
        for area, what in (("warehouse", "bills of materials and stock"), ("ppic", "production tasks"))
        for verb in ("view", "create", "update", "delete", "approve")
    ),
    Permission("ai.read", "See models, jobs, runs and outputs.", also=_REPORTING[:1]),
    Permission("ai.write", "Manage models and jobs, start runs, review outputs.", also=_REPORTING[1:]),
    Permission("ai.approve", "Promote and roll back models."),
    Permission("reporting.read", "See reports."),
    Permission("reporting.write", "Manage reports."),
    Permission("observability.read", "See signals, objectives, alerts, backups and capacity."),
    Permission("observability.write", "Send signals; manage objectives, alerts, backups and capacity."),
    Permission("storage.read", "See clusters, volumes and their health."),
    Permission("storage.write", "Manage volumes."),
    Permission("storage.admin", "Manage clusters and their nodes."),
    Permission("events.read", "Read the tenant's events."),
    Permission("telemetry.write", "Send telemetry."),
    Permission("audit.read", "Read and verify the audit log."),
    Permission("webhooks.write", "Manage webhooks."),
)
