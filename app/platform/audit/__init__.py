"""The audit log: the event log read as a record of who did what, and the proof that nobody changed it."""

from app.platform.audit.permissions import AUDIT_READ

__all__ = ["AUDIT_READ"]
