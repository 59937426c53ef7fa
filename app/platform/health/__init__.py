"""Liveness, readiness and metrics of one process."""

from app.platform.health.api import check

__all__ = ["check"]
