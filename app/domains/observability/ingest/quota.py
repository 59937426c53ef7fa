"""How much a tenant may send: signals a second, as a mean over the last ten seconds of what is stored.

Counted from the batches in the database, so every process counts together and nothing else has to be up. Batches
that are being stored at this moment are not counted yet: the quota bounds a rate, it does not meter.
"""

from app.domains.observability.ingest.errors import IngestBusy, QuotaExceeded
from app.domains.observability.signals.preferences import Preferences
from app.kernel.tx import ReadTx

WINDOW_SECONDS = 10
_SENT = """
SELECT coalesce(sum(item_count), 0) FROM signal_batch
WHERE tenant_id = %(tenant)s AND received_at > %(now)s - make_interval(secs => 10)
"""


def check_quota(tx: ReadTx, limits: Preferences, *, patient: bool) -> None:
    """Raise when the window is full. `patient`: the protocol's clients lose data on a 429, so it is a 503."""
    names = {"tenant": tx.tenant_id, "now": tx.now}
    sent = int(tx.conn.exec_driver_sql(_SENT, names).scalar_one())
    if sent < limits.items_per_second * WINDOW_SECONDS:
        return
    detail = f"{sent} signals in the last {WINDOW_SECONDS} s; {limits.items_per_second} a second are agreed."
    headers = {"Retry-After": "2" if patient else "5"}
    raise (IngestBusy if patient else QuotaExceeded)(detail, headers=headers)
