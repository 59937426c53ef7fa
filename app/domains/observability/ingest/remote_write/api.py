"""Prometheus remote write 1.0."""

from starlette.responses import Response

from app.domains.observability.ingest.errors import IngestBusy, Undecodable, UnsupportedMediaType
from app.domains.observability.ingest.remote_write import service
from app.domains.observability.ingest.unpack import PACKED_LIMIT, unsnapped
from app.domains.observability.permissions import TELEMETRY_WRITE
from app.kernel.api.routing import Router
from app.kernel.api.upload import Upload
from app.kernel.tx import WriteTx

router = Router("/api/observability/prometheus", tags=["Signals"])

_ANSWERS = {204: {"description": "Stored, now or by an earlier delivery of the same body."}}


@router.post(
    "/write",
    permission=TELEMETRY_WRITE,
    status_code=204,
    errors=[IngestBusy, Undecodable, UnsupportedMediaType],
    consumes={"application/x-protobuf": None},
    max_body=PACKED_LIMIT,
    limited=False,
    basic=True,
    responses=_ANSWERS,
    summary="Prometheus remote write",
)
def write_prometheus_samples(body: Upload, tx: WriteTx) -> Response:
    """Remote write 1.0: a snappy block of `prometheus.WriteRequest`. The password of basic credentials is an API key.

    Samples that can't be stored are counted by reason in a 400 (a Prometheus logs it and goes on); the others of the
    request are stored. A tenant over its quota gets 503, because a Prometheus drops a batch for good on 429.
    """
    if body.media_type != "application/x-protobuf" or "write.v2" in body.content_type:
        raise UnsupportedMediaType(
            "Send application/x-protobuf of prometheus.WriteRequest (remote write 1.0)."
        )
    outcome = service.write(tx, unsnapped(body))
    if not +outcome.rejected:
        return Response(status_code=204)
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted((+outcome.rejected).items()))
    text = f"{outcome.stored} samples stored, {outcome.rejected.total()} rejected: {reasons}\n"
    return Response(text, status_code=400, media_type="text/plain")
