"""Numbers for Prometheus: requests by operation and status, and how long they took."""

from functools import lru_cache
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client import values as prometheus_values

_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

registry = CollectorRegistry()
_requests = Counter(
    "tenantry_requests", "Requests answered", ["operation", "status"], registry=registry
)
_seconds = Histogram(
    "tenantry_request_seconds",
    "Time from a request's arrival to its answer",
    ["operation"],
    buckets=_BUCKETS,
    registry=registry,
)


@lru_cache(maxsize=4096)
def _series(operation: str, status: int) -> tuple[Any, Any]:
    return _requests.labels(operation, str(status)), _seconds.labels(operation)


def observe(operation: str, status: int, seconds: float) -> None:
    """Count one answered request."""
    counter, histogram = _series(operation, status)
    counter.inc()
    histogram.observe(seconds)


def exposition() -> bytes:
    """Everything, in Prometheus' text format; of all workers where there are several."""
    if prometheus_values.ValueClass.__name__ == "MutexValue":
        return generate_latest(registry)
    every = CollectorRegistry()
    multiprocess.MultiProcessCollector(every)  # type: ignore[no-untyped-call] # the library has none
    return generate_latest(every)
