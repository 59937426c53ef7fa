from typing import Annotated

from fastapi import Query

from app.kernel.api.pagination import SortKeys, page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.events.models import EventRow
from app.kernel.tx import ReadTx
from app.platform.audit import queries, verify
from app.platform.audit.permissions import AUDIT_READ
from app.platform.audit.schemas import Anchor, AuditEntry, AuditFilter, Verification

router = Router("/api/audit", tags=["Audit"])

_SORT: SortKeys = {"at": EventRow.at, "id": EventRow.id}


@router.get("", permission=AUDIT_READ)
def list_audit_entries(tx: ReadTx, wanted: Annotated[AuditFilter, Query()]) -> Page[AuditEntry]:
    """Who did what to what, newest first; every write of every domain is here as soon as it is committed."""
    found = queries.entries(tx.tenant_id, wanted)
    return page(tx, found, wanted, AuditEntry.model_validate, keys=_SORT, default="-at")


@router.get(":verify", permission=AUDIT_READ)
def verify_audit_log(tx: ReadTx, anchor: Annotated[Anchor, Query()]) -> Verification:
    """Recompute the hash chain over every event from the first to the head."""
    return verify.verify(tx, anchor)
