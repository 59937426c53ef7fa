"""The Prometheus metrics of one process. Never a tenant id as a label: tenants are found in logs and traces."""

from prometheus_client import Counter, Gauge, Histogram

HTTP_REQUESTS = Counter("hangar_http_requests_total", "Requests answered.", ["method", "route", "status"])
HTTP_DURATION = Histogram(
    "hangar_http_request_duration_seconds",
    "Time from the first byte of the request to the last byte of the answer.",
    ["method", "route"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
DB_POOL_IN_USE = Gauge("hangar_db_pool_in_use", "Database connections checked out.")
DB_POOL_SIZE = Gauge("hangar_db_pool_size", "Database connections this process may use.")
TX_RETRIES = Counter(
    "hangar_tx_retries_total", "Transactions run again after a serialization failure or deadlock."
)
RATE_LIMITED = Counter("hangar_rate_limited_total", "Requests answered 429.")
VALKEY_UP = Gauge("hangar_valkey_up", "1 when Valkey answered last time it was asked.")
JOBS_QUEUED = Gauge("hangar_jobs_queued", "Jobs waiting to run.", ["queue"])
JOBS_OLDEST = Gauge("hangar_jobs_oldest_seconds", "Age of the oldest job that is due and waiting.", ["queue"])
OUTBOX_UNSEALED = Gauge("hangar_outbox_unsealed", "Tenants with events that could not be sealed yet.")
OUTBOX_LAG = Gauge(
    "hangar_outbox_lag_seconds", "How long the relay has been waiting to seal the oldest of them."
)
EVENTS_SEALED = Counter("hangar_events_sealed_total", "Events given a sequence number.")
SIGNALS_STORED = Counter("hangar_signals_stored_total", "Signals taken in and stored.", ["protocol"])
ALERTS_OPEN = Gauge("hangar_alerts_open", "Alerts of all tenants that are not closed.", ["severity"])
PROTECTION_AGE = Gauge(
    "hangar_protection_age_seconds",
    "Age of the last good backup, or of the last drill that passed, of the tenant that has waited longest.",
    ["what"],
)
TENANTS_UNPROTECTED = Gauge(
    "hangar_tenants_unprotected", "Tenants that never had a good backup, or a drill that passed.", ["lacking"]
)
WEBHOOK_DELIVERIES = Counter("hangar_webhook_deliveries_total", "Webhook delivery attempts.", ["outcome"])
