"""Whether this process lives, whether it can serve, and what it counts."""

import asyncio
from collections.abc import Awaitable
from typing import Literal

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
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
    """`away` of PostgreSQL means not ready; what is `degraded` is done without, slower."""

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
async def metrics() -> Response:
    """Prometheus's text format."""
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


async def dependencies_of(resources: Resources) -> dict[str, State]:
    """Each asked at once, none waited for longer than two seconds."""
    checks = {"postgres": resources.database.ping()}
    states = await asyncio.gather(*(_state(check) for check in checks.values()))
    found = dict(zip(checks, states, strict=True))
    # Search and chat wait while it loads, which takes a second after a start; everything else is served.
    return found | {"models": "ready" if resources.is_warm else "away"}


async def _state(check: Awaitable[None]) -> State:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await check
    except (MentoraError, TimeoutError):
        return "away"
    return "ready"
