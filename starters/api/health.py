"""Whether this process lives, whether it can serve, and what it counts."""

import asyncio
from collections.abc import Awaitable, Iterator
from typing import Literal

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from schemas.errors import MentoraError
from starters.api.calling import ResourcesDep
from starters.api.resources import Resources
from starters.api.signals import REGISTRY

_PATIENCE_SECONDS = 2.0
State = Literal["ready", "degraded", "away"]

router = APIRouter(tags=["operations"])


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Readiness(BaseModel):
    """`away` of PostgreSQL means not ready; what is `degraded` is done without: slower, or without files."""

    status: State
    dependencies: dict[str, State]


@router.get("/healthz")
async def healthz() -> Alive:
    """Liveness: answers as long as the process does, whatever is away."""
    return Alive()


@router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
async def readyz(resources: ResourcesDep) -> Response:
    """Readiness by dependency: 503 while PostgreSQL is away, for nothing can be answered without it."""
    dependencies = await dependencies_of(resources)
    states = set(dependencies.values())
    if dependencies["postgres"] == "away":
        status: State = "away"
    else:
        status = "ready" if states == {"ready"} else "degraded"
    found = Readiness(status=status, dependencies=dependencies)
    return JSONResponse(found.model_dump(), 503 if status == "away" else 200)


@router.get("/metrics", response_class=Response)
async def metrics(resources: ResourcesDep) -> Response:
    """Prometheus's text format; at most a second old."""
    state = StateOfProcess(resources)
    counted = await resources.scrapes.text(lambda: generate_latest(REGISTRY) + generate_latest(state))
    return Response(counted, media_type=CONTENT_TYPE_LATEST)


class StateOfProcess(CollectorRegistry):
    """What others count, read when somebody asks: in a thread, where nothing may be built that is not there yet."""

    def __init__(self, resources: Resources) -> None:
        super().__init__()
        self._cache, self._limits, self._vectors = resources.cache, resources.limits, resources.embedding_cache

    def collect(self) -> Iterator[Metric]:
        """The cache's reads, and what is done without its Redis."""
        reads = CounterMetricFamily("mentora_cache_reads", "Reads through the cache", labels=("cache", "outcome"))
        for cache, count in list(self._cache.counts.items()):
            reads.add_metric((cache, "hit"), count.hits)
            reads.add_metric((cache, "miss"), count.misses)
        reads.add_metric(("embeddings", "hit"), self._vectors.hits)
        reads.add_metric(("embeddings", "miss"), self._vectors.misses)
        yield reads
        degraded = GaugeMetricFamily("mentora_degraded", "1 while this is done without", labels=("dependency",))
        degraded.add_metric(("cache",), self._cache.is_away)
        degraded.add_metric(("limits",), self._limits.is_degraded)
        yield degraded


async def dependencies_of(resources: Resources) -> dict[str, State]:
    """PostgreSQL and the object store are asked, for two seconds at most; each Redis is watched anyway."""
    postgres, has_store = await asyncio.gather(_state(resources.database.ping()), resources.store_watch.is_there())
    return {
        "postgres": postgres,
        "object_store": "ready" if has_store else "degraded",  # what is stored in rows is answered all the same
        "cache": "degraded" if resources.cache.is_away else "ready",
        "limits": "degraded" if resources.limits.is_degraded else "ready",
        # Search and chat wait while it loads, which takes a second after a start; everything else is served.
        "models": "ready" if resources.is_warm else "away",
    }


async def _state(check: Awaitable[None]) -> State:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await check
    except (MentoraError, TimeoutError):
        return "away"
    return "ready"
