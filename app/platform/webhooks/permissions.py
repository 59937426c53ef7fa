"""The one permission of this module. An endpoint sees events, so reading its settings takes the same right."""

from app.kernel.security.permissions import Permission

WEBHOOKS_WRITE = Permission("webhooks.write", "Manage webhook endpoints and see their deliveries.")
