"""The gateway, put together: one router a noun, one envelope around all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.middleware import Middleware
from starlette_compress import CompressMiddleware

from starters.api import chats, docs, health, search, videos
from starters.api.envelope import Envelope
from starters.api.problems import add_problem_handlers, documented
from starters.api.requests import HEADER
from starters.api.resources import Resources

MAX_BODY_BYTES = 1_000_000  # of anything but an upload
_EXPOSED = [HEADER, "Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "ETag", "Link"]
_ROUTERS = (health.router, docs.router, videos.router, search.router, chats.router)


def create_app(resources: Resources) -> FastAPI:
    """The whole contract. Nothing is connected before the first request that needs it."""

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        warming = asyncio.create_task(resources.warm_up())
        yield
        warming.cancel()
        await resources.close()

    app = FastAPI(
        title="Mentora",
        summary="A lecture goes in; it comes out captioned, searchable and quizzed.",
        version=version("mentora"),
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        max_body_size=MAX_BODY_BYTES,
        responses=documented(),
        telemetry={"tracing": False},
        middleware=_middleware(resources),
    )
    app.state.resources = resources
    for router in _ROUTERS:
        app.include_router(router)
    add_problem_handlers(app)
    return app


def _middleware(resources: Resources) -> list[Middleware]:
    """From the outside in."""
    return [
        # Credentials are headers, never cookies: a page of another origin cannot have a browser send them.
        Middleware(
            CORSMiddleware,
            allow_origins=list(resources.settings.api_allowed_origins),
            allow_methods=["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"],
            allow_headers=["*"],
            expose_headers=_EXPOSED,
            max_age=600,
        ),
        Middleware(Envelope),
        Middleware(CompressMiddleware, minimum_size=1_000, zstd_level=3, brotli_quality=4, gzip_level=4),
    ]
