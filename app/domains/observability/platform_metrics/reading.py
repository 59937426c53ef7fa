"""What one process says of itself: its Prometheus registry, read twice, as samples of the time between."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.metrics import MetricWrapperBase

from app.kernel.obs import metrics


@dataclass(frozen=True, slots=True)
class Sample:
    name: str
    value: float
    unit: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Totals:
    """Counters since the process began. `requests` by status class (`5xx`); `buckets`: requests that took at
    most so many seconds; the probes of load balancers and of Prometheus are left out."""

    requests: dict[str, float]
    buckets: dict[float, float]
    retries: float
    rate_limited: float


_PROBES = {"/healthz", "/readyz", "/metrics"}


def totals() -> Totals:
    requests: dict[str, float] = {}
    for labels, value in _samples(metrics.HTTP_REQUESTS, "_total"):
        if labels["route"] not in _PROBES:
            kind = f"{labels['status'][:1]}xx"
            requests[kind] = requests.get(kind, 0) + value
    buckets: dict[float, float] = {}
    for labels, value in _samples(metrics.HTTP_DURATION, "_bucket"):
        if labels["route"] not in _PROBES:
            limit = float(labels["le"])
            buckets[limit] = buckets.get(limit, 0) + value
    return Totals(requests, buckets, _sum(metrics.TX_RETRIES), _sum(metrics.RATE_LIMITED))


def between(before: Totals, after: Totals) -> list[Sample]:
    """What happened between two readings; a status class that nobody was answered with is not listed."""
    found = [
        Sample("http.requests", count, "1", {"status_class": kind})
        for kind, value in sorted(after.requests.items())
        if (count := value - before.requests.get(kind, 0)) > 0
    ]
    p95 = quantile(0.95, {at: value - before.buckets.get(at, 0) for at, value in after.buckets.items()})
    if p95 is not None:
        found.append(Sample("http.latency_p95", p95, "s"))
    found.append(Sample("db.tx_retries", after.retries - before.retries, "1"))
    found.append(Sample("http.rate_limited", after.rate_limited - before.rate_limited, "1"))
    return found


def quantile(q: float, buckets: Mapping[float, float]) -> float | None:
    """The quantile of a cumulative histogram, linear within a bucket, as Prometheus' `histogram_quantile`.

    In the last bucket, which has no end, it is that bucket's beginning. None when nothing was counted.
    """
    limits = sorted(buckets)
    total = buckets[limits[-1]] if limits else 0
    if total <= 0:
        return None
    wanted, low, below = q * total, 0.0, 0.0
    for limit in limits:
        if buckets[limit] >= wanted and buckets[limit] > below:
            if math.isinf(limit):
                return low
            return low + (limit - low) * (wanted - below) / (buckets[limit] - below)
        low, below = limit, buckets[limit]
    return low


def of_worker() -> list[Sample]:
    """How far the background work is behind, as this process measured it; nothing when it could not."""
    found = [
        Sample("jobs.queued", value, "1", {"queue": labels["queue"]})
        for labels, value in _samples(metrics.JOBS_QUEUED, "")
    ]
    found += [
        Sample("jobs.oldest_seconds", value, "s", {"queue": labels["queue"]})
        for labels, value in _samples(metrics.JOBS_OLDEST, "")
    ]
    found.append(Sample("outbox.unsealed", _sum(metrics.OUTBOX_UNSEALED), "1"))
    found.append(Sample("outbox.lag_seconds", _sum(metrics.OUTBOX_LAG), "s"))
    return found


def _samples(metric: MetricWrapperBase, suffix: str) -> Iterator[tuple[dict[str, str], float]]:
    for family in metric.collect():
        for sample in family.samples:
            if sample.name == family.name + suffix:
                yield sample.labels, sample.value


def _sum(metric: MetricWrapperBase) -> float:
    return sum(
        sample.value
        for family in metric.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    )
