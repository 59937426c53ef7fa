"""Webhooks: a tenant's events, signed and sent to the endpoints it names (Standard Webhooks)."""

from app.platform.webhooks.config import configure
from app.platform.webhooks.permissions import WEBHOOKS_WRITE

__all__ = ["WEBHOOKS_WRITE", "configure"]
