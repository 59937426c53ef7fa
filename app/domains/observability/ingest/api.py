"""Sending signals as JSON or as lines."""

from typing import Annotated

from fastapi import Header

from app.domains.observability.ingest import service
from app.domains.observability.ingest.errors import QuotaExceeded, Undecodable, UnsupportedMediaType
from app.domains.observability.ingest.lines import NDJSON, items_of, lines_of
from app.domains.observability.ingest.schemas import STREAM_LIMIT, IngestResult, SignalIngest
from app.domains.observability.permissions import TELEMETRY_WRITE
from app.kernel.api.routing import Router
from app.kernel.api.upload import Upload
from app.kernel.tx import WriteTx

router = Router("/api/observability", tags=["Signals"])

Prefer = Annotated[
    str | None, Header(description="`return=minimal` leaves `signals` empty (RFC 7240).", max_length=200)
]


@router.post(
    "/signals:ingest",
    permission=TELEMETRY_WRITE,
    status_code=201,
    errors=[QuotaExceeded, Undecodable, UnsupportedMediaType],
    consumes={"application/json": SignalIngest, "application/x-ndjson": None},
    max_body=STREAM_LIMIT,
    summary="Send signals",
)
def ingest_signals(body: Upload, tx: WriteTx, prefer: Prefer = None) -> IngestResult:
    """JSON is stored whole or not at all; a 422 names each bad item (`#/items/3/…`). The body holds 10 MiB at most.

    As `application/x-ndjson`, one item a line and up to 64 MiB, the good lines are stored, in one transaction, and
    `errors` names the first hundred others. `Content-Encoding: gzip` is read for both.
    """
    if body.media_type in NDJSON:
        return service.ingest_lines(tx, lines_of(body))
    minimal = prefer is not None and "return=minimal" in prefer.replace(" ", "").lower()
    return service.ingest_items(tx, items_of(body), echo=not minimal)
