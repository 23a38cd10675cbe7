"""Streams through the end of a gateway and through a restart of PostgreSQL."""

import asyncio
import signal
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from adapters.embedded.home import Home
from adapters.embedded.stack import Stack
from adapters.postgres.migrations import migrate
from adapters.postgres.pool import Database
from adapters.postgres.video_events import VideoChanges
from adapters.postgres.videos import PostgresVideos
from adapters.settings import Settings
from adapters.tokens.development import DevelopmentTokens
from schemas.callers import Caller, Role
from starters.following import Follower, Following
from tests.databases import FreshDatabase, queued_video
from tests.docs.pages import ROOT
from tests.starters.api.gateway import running_gateway
from tests.starters.api.streams import advance, following, told
from tests.surroundings import bare_environment

pytestmark = [pytest.mark.servers, pytest.mark.slow]

AT_ONCE_SECONDS = 2.0  # of the four that a gateway gives to answers that are under way


@asynccontextmanager
async def gateway_process(database: FreshDatabase, key_file: Path) -> AsyncIterator[tuple[Process, str]]:
    """`python -m starters.api` on a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = bare_environment() | {
        "PYTHONPATH": str(ROOT),
        "MENTORA_POSTGRES_URL": database.app_url,
        "MENTORA_DEVELOPMENT_KEY_FILE": str(key_file),
        "MENTORA_API_PORT": str(port),
        "MENTORA_LOG_LEVEL": "warning",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "starters.api", env=environment, cwd=key_file.parent, stderr=PIPE
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient() as client, asyncio.timeout(30):
            while not await _lives(client, url):
                await asyncio.sleep(0.05)
        yield process, url
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _lives(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(f"{url}/healthz")).status_code == 200
    except httpx.TransportError:
        return False


async def test_a_gateway_that_is_told_to_end_lets_its_streams_end_in_order(
    database: FreshDatabase, tmp_path: Path
) -> None:
    video = await queued_video(database.app, uuid4())
    await PostgresVideos(database.app).begin(video)
    key_file = tmp_path / "development.key"
    headers = {"Authorization": f"Bearer {DevelopmentTokens(key_file).issue(_as(video.creator_id), 600)}"}
    async with gateway_process(database, key_file) as (process, url):
        async with following(url, video.video_id, headers) as source:
            events = told(source)
            assert (await anext(events)).number == 1
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert [event async for event in events] == []  # no `end`: the client comes again
        assert await process.wait() == -signal.SIGTERM  # uvicorn ends in order, then by the signal it was given
        assert time.monotonic() - began < AT_ONCE_SECONDS
        assert process.stderr is not None
        assert await process.stderr.read() == b""


async def test_a_stream_goes_on_by_itself_after_postgresql_was_away(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    stack = _postgres(home)
    await stack.start()
    try:
        await migrate(stack.environment["MENTORA_POSTGRES_ADMIN_URL"])
        url = stack.environment["MENTORA_POSTGRES_URL"]
        database = Database(url)
        video = await queued_video(database, uuid4())
        await PostgresVideos(database).begin(video)
        key_file = tmp_path / "development.key"
        settings = Settings.model_construct(home=tmp_path, postgres_url=url, development_key_file=str(key_file))
        async with (
            running_gateway(settings) as gateway,
            following(gateway.url, video.video_id, gateway.creator(video.creator_id)) as source,
            Following(VideoChanges(database)).follow(_as(video.creator_id), video.video_id, 0) as follower,
        ):
            events = told(source)
            assert (await anext(events)).number == 1
            await advance(database, video, 2, 3)
            assert [(await anext(events)).number for _ in range(2)] == [2, 3]
            await stack.stop()
            reading = asyncio.create_task(_numbers(follower))  # its first question meets no server
            await asyncio.sleep(2)
            stack = _postgres(home)
            await stack.start()
            await advance(Database(url), video, 4, 9)
            await PostgresVideos(Database(url)).complete(video, 60)
            async with asyncio.timeout(20):
                rest = [event async for event in events]
                assert await reading == list(range(1, 11))
        assert [event.number for event in rest] == [4, 5, 6, 7, 8, 9, 10, None]
        await database.close()
    finally:
        await stack.stop()


def _as(creator: UUID) -> Caller:
    return Caller(role=Role.CREATOR, subject="somebody", creator_id=creator)


async def _numbers(follower: Follower) -> list[int]:
    return [change.number async for change in follower.changes()]


def _postgres(home: Home) -> Stack:
    return Stack(Settings.model_construct(), home, workers=(), only={"postgres"}, inherited=bare_environment())
