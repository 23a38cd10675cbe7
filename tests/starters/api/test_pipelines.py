"""Requests sent ahead of their answers: a few are answered in turn, and a client that pours them is let go."""

import asyncio
from collections.abc import AsyncIterator
from typing import ClassVar
from uuid import uuid4

import pytest
import pytest_asyncio

from adapters.postgres.videos import PostgresVideos
from schemas.videos import VideoRef
from starters.api.connections import Connection
from tests.conftest import Servers
from tests.databases import FreshDatabase, queued_video
from tests.starters.api.gateway import Gateway, gateway_settings, running_gateway
from tests.starters.api.sockets import connected
from tests.starters.api.streams import advance

pytestmark = pytest.mark.servers

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


class Counting(Connection):
    """Remembers how much was taken."""

    heads = 0
    longest = 0
    answering: ClassVar[set[asyncio.Task[None]]]  # the server's own

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        Counting.answering = self.tasks

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        Counting.heads += 1
        Counting.longest = max(Counting.longest, len(self.pipeline))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(
    servers: Servers, database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    settings = gateway_settings(servers, database, tmp_path_factory.mktemp("counting"))
    async with running_gateway(settings, connection=Counting) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def video(database: FreshDatabase) -> VideoRef:
    video = await queued_video(database.app, uuid4())
    await PostgresVideos(database.app).begin(video)
    return video


def _stream(gateway: Gateway, video: VideoRef) -> bytes:
    """A request whose answer lasts as long as its client stays."""
    headers = {"Host": "x"} | gateway.creator(video.creator_id)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET /api/videos/{video.video_id}/progress HTTP/1.1\r\n{lines}\r\n".encode()


async def _until_the_loop_has_turned(gateway: Gateway) -> None:
    """Whatever has arrived by now has been read: others were answered meanwhile, by the same loop."""
    for _ in range(10):
        await gateway.client.get("/healthz")


async def _pour(writer: asyncio.StreamWriter) -> None:
    for _ in range(400):
        writer.write(GET * 1_000)
        await writer.drain()


async def _alive(reader: asyncio.StreamReader) -> bytes:
    """All up to the end of the next answer to `GET`."""
    return await asyncio.wait_for(reader.readuntil(b'"alive"}'), 5)


async def test_twenty_requests_sent_at_once_are_answered_in_turn(gateway: Gateway) -> None:
    ids = [f"request-{number:02}".encode() for number in range(20)]
    async with connected(gateway) as (reader, writer):
        writer.write(b"".join(GET[:-2] + b"X-Request-Id: " + one + b"\r\n\r\n" for one in ids))
        answers = [await _alive(reader) for _ in ids]
        writer.write(GET)
        assert b" 200 OK" in await _alive(reader)
    assert [next(one for one in ids if one in answer) for answer in answers] == ids


async def test_a_client_that_sends_very_many_ahead_is_let_go(gateway: Gateway) -> None:
    Counting.longest = 0
    async with connected(gateway) as (_, writer):
        with pytest.raises(ConnectionError):
            await _pour(writer)
    assert Counting.longest <= Connection.requests_ahead
    assert (await gateway.client.get("/healthz")).status_code == 200


async def test_nothing_more_is_read_while_a_request_waits_for_its_turn(
    gateway: Gateway, database: FreshDatabase, video: VideoRef
) -> None:
    async with connected(gateway) as (reader, writer):
        writer.write(_stream(gateway, video) + GET)
        await asyncio.wait_for(reader.readuntil(b"event: "), 5)
        before = Counting.heads
        writer.write(GET * 5)
        await _until_the_loop_has_turned(gateway)
        assert Counting.heads == before + 10
        await PostgresVideos(database.app).complete(video, 60)  # the stream's end
        for _ in range(6):
            await _alive(reader)


async def test_a_stream_ends_with_its_client_though_another_request_waits_behind_it(
    gateway: Gateway, database: FreshDatabase, video: VideoRef
) -> None:
    async with connected(gateway) as (reader, writer):
        writer.write(_stream(gateway, video) + GET)
        await asyncio.wait_for(reader.readuntil(b"event: "), 5)
        assert len(Counting.answering) == 1
        writer.transport.abort()
    for number in range(1, 100):  # that it has gone is seen once something is written
        await advance(database.app, video, number, number)
        await asyncio.sleep(0.1)
        if not Counting.answering:
            return
    raise AssertionError("the stream goes on")
