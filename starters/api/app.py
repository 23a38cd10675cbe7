"""The gateway, put together: one router a noun, one envelope around all."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.middleware import Middleware
from starlette_compress import CompressMiddleware

from schemas.errors import MentoraError
from starters.api import (
    admin,
    chats,
    docs,
    events,
    health,
    media,
    multipart,
    progress,
    quiz_requests,
    quizzes,
    search,
    transcripts,
    tus,
    uploads,
    video_changes,
    videos,
    watching,
    webhooks,
    whop,
)
from starters.api.bodies import BodyLimit
from starters.api.contract import add_contract
from starters.api.envelope import Envelope
from starters.api.handlers import add_problem_handlers
from starters.api.idempotency import REPEATED
from starters.api.problems import documented
from starters.api.requests import HEADER
from starters.api.resources import Resources
from starters.api.signals import METHODS

_SWEEP_SECONDS = 900.0
_LOGGER = logging.getLogger(__name__)
_EXPOSED = [
    HEADER,
    "Retry-After",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "ETag",
    REPEATED,
    transcripts.PARTIAL,
    *tus.HEADERS,
]
# The first that fits answers: uploads, which are shaped like a video, then what is asked for most.
_ROUTERS = (
    uploads.abilities,
    uploads.router,
    multipart.router,
    videos.router,
    watching.router,
    transcripts.router,
    search.router,
    media.router,
    quizzes.router,
    chats.router,
    progress.router,
    media.files,
    video_changes.router,
    events.router,
    quiz_requests.router,
    whop.router,
    webhooks.router,
    admin.router,
    health.router,
    docs.router,
)


def create_app(resources: Resources) -> FastAPI:
    """The whole contract. Nothing is connected before the first request that needs it."""

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        tasks = (resources.limits.follow(), resources.warm_up(), _sweeping(resources))
        running = [asyncio.create_task(task) for task in tasks]
        yield
        for task in running:
            task.cancel()
        await resources.close()

    app = FastAPI(
        title="Mentora",
        summary="A lecture goes in; it comes out captioned, searchable and quizzed.",
        version=version("mentora"),
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # an address has one spelling
        responses=documented(),
        telemetry={"tracing": False},
        middleware=_middleware(resources),
    )
    app.state.resources = resources
    for router in _ROUTERS:
        app.include_router(router)
    add_problem_handlers(app)
    add_contract(app)
    return app


async def _sweeping(resources: Resources) -> None:
    """End uploads that nobody goes on with, until cancelled. Every process does; twice is once."""
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        try:
            await resources.uploads.sweep()
        except MentoraError as error:
            _LOGGER.warning("expired uploads could not be swept: %s", error.code)


def _middleware(resources: Resources) -> list[Middleware]:
    """From the outside in."""
    return [
        # Credentials are headers, never cookies: a page of another origin cannot have a browser send them.
        Middleware(
            CORSMiddleware,
            allow_origins=list(resources.settings.api_allowed_origins),
            allow_methods=METHODS,
            allow_headers=["*"],
            expose_headers=_EXPOSED,
            max_age=600,
        ),
        Middleware(tus.MethodOverride),
        Middleware(Envelope),
        Middleware(BodyLimit),
        Middleware(CompressMiddleware, minimum_size=1_000, zstd_level=3, brotli_quality=4, gzip_level=4),
    ]
