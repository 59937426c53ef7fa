"""The audit log: the event log read as a record of who did what, and the proof that nobody changed it."""

from app.platform.audit.permissions import AUDIT_READ
from app.platform.audit.schemas import Anchor, Verification
from app.platform.audit.verify import verify as verify_chain

__all__ = ["AUDIT_READ", "Anchor", "Verification", "verify_chain"]
