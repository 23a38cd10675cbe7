"""A client of server-sent events that others wrote, and changes to follow."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from httpx_sse import EventSource, ServerSentEvent, aconnect_sse

from adapters.postgres.pool import Database
from adapters.postgres.videos import PostgresVideos
from schemas.videos import Stage, VideoRef


@dataclass(frozen=True)
class Told:
    """One event."""

    name: str
    number: int | None
    data: dict[str, Any]


@asynccontextmanager
async def following(
    url: str, video: UUID, headers: dict[str, str], last: str | None = None
) -> AsyncIterator[EventSource]:
    sent = headers | ({"Last-Event-ID": last} if last is not None else {})
    async with (
        httpx.AsyncClient(base_url=url, timeout=30) as client,
        aconnect_sse(client, "GET", f"/api/videos/{video}/progress", headers=sent) as source,
    ):
        yield source


async def told(source: EventSource) -> AsyncIterator[Told]:
    async for event in source.aiter_sse():
        if event.data:  # what only sets the time to come again is no event
            yield Told(event.event, _number(event), json.loads(event.data))


async def all_told(url: str, video: UUID, headers: dict[str, str], last: str | None = None) -> list[Told]:
    """The stream from its beginning to its end."""
    async with following(url, video, headers, last) as source:
        return [event async for event in told(source)]


def _number(event: ServerSentEvent) -> int | None:
    return int(event.id) if event.event != "end" else None


async def advance(database: Database, video: VideoRef, first: int, last: int) -> None:
    """Changes number `first` to `last` of a video that just began (its first is the status)."""
    videos = PostgresVideos(database)
    for n in range(first, last + 1):
        await videos.advance_stage(video, Stage.FETCH, n, 1_000, "bytes")
