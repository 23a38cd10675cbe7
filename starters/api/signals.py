"""What the gateway counts, for Prometheus. No label holds an id: their values are few and known beforehand."""

from prometheus_client import CollectorRegistry, Counter, Histogram

REGISTRY = CollectorRegistry()

# Edges at the customer's figures: 500 ms for an answer, 5 s for chat.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

_REQUESTS = Histogram(
    "mentora_http_request_seconds",
    "Seconds until an answer was complete, by route",
    ["method", "route", "status"],
    buckets=_BUCKETS,
    registry=REGISTRY,
)
REFUSED_SIGNATURES = Counter(
    "mentora_webhook_signature_failures_total", "Webhooks whose signature was refused", ["sender"], registry=REGISTRY
)


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """One answered request; status 0 is a caller who left before the answer began."""
    _REQUESTS.labels(method, route, str(status)).observe(seconds)
