"""What can go wrong with sending signals."""

from app.kernel.problem import BadRequest, Problem, RateLimited


class QuotaExceeded(RateLimited):
    """The tenant sends more signals than its `items_per_second`; nothing of this request was stored."""

    code, title = "signal_quota_exceeded", "Signal quota exceeded"


class IngestBusy(Problem):
    """The tenant sends more signals than its `items_per_second`, and its protocol drops data on a 429."""

    status, code, title = 503, "signal_ingest_busy", "Send this batch again later"


class UnsupportedMediaType(Problem):
    """The body's media type or encoding is not one that this operation reads."""

    status, code, title = 415, "unsupported_media_type", "Unsupported media type"


class Undecodable(BadRequest):
    """The body is not what its media type and encoding say."""

    code, title = "undecodable_body", "Body can't be decoded"
