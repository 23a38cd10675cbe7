"""What the gateway counts, for Prometheus. No label holds what a stranger chose: their values are few and known."""

from contextvars import ContextVar

from prometheus_client import CollectorRegistry, Counter, Histogram

REGISTRY = CollectorRegistry()
METHODS = ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS")  # that any route serves

# Edges at the customer's figures: 500 ms for an answer, 5 s for chat.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

_REQUESTS = Histogram(
    "mentora_http_request_seconds",
    "Seconds until an answer was complete, by route",
    ["method", "route", "status"],
    buckets=_BUCKETS,
    registry=REGISTRY,
)
_STATEMENTS = Histogram(
    "mentora_http_request_statements",
    "Statements sent to PostgreSQL for an answer, those that begin and end transactions too",
    ["method", "route"],
    buckets=(0, 2, 4, 6, 8, 10, 15, 20, 30, 50),
    registry=REGISTRY,
)
_STATEMENT = Histogram(
    "mentora_database_statement_seconds",
    "Seconds that PostgreSQL took for a statement, the way there and back too",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
    registry=REGISTRY,
)
REFUSED_SIGNATURES = Counter(
    "mentora_webhook_signature_failures_total", "Webhooks whose signature was refused", ["sender"], registry=REGISTRY
)
LIMITED = Counter("mentora_rate_limited_total", "Requests refused by a limit", ["limit"], registry=REGISTRY)


class Tally:
    """What one request has cost so far."""

    def __init__(self) -> None:
        self.statements = 0


_tally: ContextVar[Tally | None] = ContextVar("tally", default=None)


def begin_tally() -> Tally:
    """For the request that this task serves, and the tasks that it starts."""
    tally = Tally()
    _tally.set(tally)
    return tally


def observe_statement(seconds: float) -> None:
    """One statement sent to PostgreSQL, by whatever request is being served."""
    _STATEMENT.observe(seconds)
    if (tally := _tally.get()) is not None:
        tally.statements += 1


def observe(method: str, route: str, status: int, seconds: float, tally: Tally) -> None:
    """One answered request; status 0 is a caller who left before the answer began.

    A series stays for good, and HTTP has 34 methods: those that nothing serves are one, and what an address does not
    serve is counted as no address's.
    """
    method, route = method if method in METHODS else "other", "unknown" if status == 405 else route
    _REQUESTS.labels(method, route, str(status)).observe(seconds)
    _STATEMENTS.labels(method, route).observe(tally.statements)
