"""Clients that send too much before there is a request, or nothing, or do not read: they are let go, no one else."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from adapters.postgres.videos import PostgresVideos
from starters.api.connections import Connection
from tests.conftest import Servers
from tests.databases import FreshDatabase, queued_video
from tests.starters.api.gateway import Gateway, gateway_settings, running_gateway
from tests.starters.api.sockets import connected
from tests.starters.api.streams import advance, following, told

pytestmark = pytest.mark.servers

SOON_SECONDS = 0.3
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
READ = b"POST /api/videos/x/watch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"  # its body is read
UNREAD = b"POST /healthz HTTP/1.1\r\nHost: x\r\n"  # refused at once, body or not
CONTENT = bytes(range(256)) * 12_000  # three blocks


class Hasty(Connection):
    """Waits no longer than a test does, over a network that holds less than this machine's own."""

    head_seconds = SOON_SECONDS
    stall_seconds = SOON_SECONDS

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32_768)
        super().connection_made(transport)


class Unpaused(Hasty):
    """Makes no answer wait for its client."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=1 << 30)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(
    servers: Servers, database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    settings = gateway_settings(servers, database, tmp_path_factory.mktemp("hasty"))
    async with running_gateway(settings, connection=Hasty) as running:
        yield running


async def _rest(reader: asyncio.StreamReader, seconds: float = 5) -> bytes:
    """All until the other side closes, in time."""
    try:
        return await asyncio.wait_for(reader.read(), seconds)
    except ConnectionResetError:
        return b""


async def _answer(reader: asyncio.StreamReader) -> int:
    """The status of the next answer, which is read to its end."""
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(int(length.split()[1]))
    return int(head.split()[1])


# ---- Too much --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"a" * 70_000,
        GET + b"A: " + b"a" * 70_000,
        GET + b"A: b\r\n" * 12_000,
        GET + b"A: " + b"a" * 70_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 66_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\r\n" * 35_000,
    ],
    ids=["address", "header", "headers", "a whole header", "a whole address", "empty lines"],
)
async def test_a_head_of_more_than_64_kilobytes_is_refused_first_or_later(gateway: Gateway, sent: bytes) -> None:
    for before in (b"", GET + b"\r\n"):
        async with connected(gateway) as (reader, writer):
            if before:
                writer.write(before)
                assert await _answer(reader) == 200
            writer.write(sent)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            assert head.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
            assert {b"content-type: application/problem+json", b"connection: close"} <= set(head.split(b"\r\n"))
            said = await _rest(reader)
            assert b'"code":"request_head_too_large"' in said
            assert said.count(b"HTTP/1.1") == 0


async def test_what_cannot_be_read_is_refused_once(gateway: Gateway) -> None:
    async with connected(gateway) as (reader, writer):
        writer.write(b"\0" * 70_000)
        said = await _rest(reader)
        assert said.startswith(b"HTTP/1.1 400")
        assert said.count(b"HTTP/1.1") == 1


async def test_a_head_just_below_is_answered(gateway: Gateway) -> None:
    async with connected(gateway) as (reader, writer):
        for piece in (GET + b"A: " + b"a" * 30_000, b"a" * 34_000, b"\r\n\r\n"):
            writer.write(piece)
            await asyncio.sleep(0.01)
        assert await _answer(reader) == 200


async def test_nineteen_megabytes_of_headers_are_not_taken(gateway: Gateway) -> None:
    async with connected(gateway) as (_, writer):
        writer.write(GET)
        with pytest.raises(ConnectionError):
            await _pour(writer, b"A: " + b"a" * 1_000 + b"\r\n", times=19_000)


async def _pour(writer: asyncio.StreamWriter, piece: bytes, times: int) -> None:
    for _ in range(times):
        writer.write(piece)
        await writer.drain()


async def test_what_follows_a_body_is_bounded_like_what_goes_before_it(gateway: Gateway) -> None:
    body = b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nA: "
    async with connected(gateway) as (reader, writer):
        writer.write(READ + body)
        await asyncio.sleep(0.05)
        writer.write(b"a" * 70_000)
        assert await _rest(reader) == b""  # it would else wait for the end, and the app with it


async def test_a_body_of_many_pieces_is_no_head(gateway: Gateway) -> None:
    async with connected(gateway) as (reader, writer):
        writer.write(READ + b"Content-Length: 400000\r\n\r\n")
        for _ in range(40):
            writer.write(b" " * 10_000)
            await asyncio.sleep(0.02)  # longer together than a head may take
        assert await _answer(reader) == 422


# ---- Too slow --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "status", "trickle"),
    [
        (b"", None, b""),
        (b"", None, b"GET /healthz HTTP/1.1\r\nHost: " + b"x" * 100),
        (b"", None, b"\r\n" * 100),
        (GET + b"\r\n", 200, b"GET /healthz HTTP/1.1\r\nHost: " + b"x" * 100),
        (GET + b"\r\n", 200, b"\r\n" * 100),
        (UNREAD + b"Content-Length: 100\r\n\r\n", 405, b"x" * 99),
    ],
    ids=["nothing", "a first head", "empty lines", "a second head", "empty lines later", "a body after its answer"],
)
async def test_a_client_that_does_not_come_to_the_point_is_let_go(
    gateway: Gateway, first: bytes, status: int | None, trickle: bytes
) -> None:
    async with connected(gateway) as (reader, writer):
        writer.write(first)
        if status is not None:
            assert await _answer(reader) == status
        rest = asyncio.create_task(_rest(reader))
        for byte in trickle:
            if rest.done():
                break
            writer.write(bytes([byte]))
            await asyncio.sleep(0.05)
        assert await rest == b""


async def test_a_connection_rests_between_requests_as_long_as_before(gateway: Gateway) -> None:
    async with connected(gateway) as (reader, writer):
        for _ in range(3):
            writer.write(GET + b"\r\n")
            assert await _answer(reader) == 200
            await asyncio.sleep(2.5 * SOON_SECONDS)


async def test_requests_that_come_at_once_are_answered_in_turn(gateway: Gateway) -> None:
    async with connected(gateway) as (reader, writer):
        writer.write((GET + b"\r\n") * 20 + GET)
        assert [await _answer(reader) for _ in range(20)] == [200] * 20
        writer.write(b"\r\n")
        assert await _answer(reader) == 200


async def test_a_stream_may_say_nothing_for_longer(gateway: Gateway, database: FreshDatabase) -> None:
    video = await queued_video(database.app, uuid4())
    await PostgresVideos(database.app).begin(video)
    async with following(gateway.url, video.video_id, gateway.creator(video.creator_id)) as source:
        events = told(source)
        assert (await anext(events)).number == 1
        await asyncio.sleep(5 * SOON_SECONDS)
        await advance(database.app, video, 2, 2)
        assert (await anext(events)).number == 2


# ---- Not read --------------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def film(gateway: Gateway) -> str:
    """The path of a file that needs no credential."""
    headers = gateway.creator(uuid4())
    sent = await gateway.client.post("/api/videos", headers=headers, files={"file": ("a.mp4", CONTENT)})
    video = UUID(sent.json()["id"])
    answer = await gateway.client.get(f"/api/videos/{video}/media", headers=headers)
    return urlsplit(str(answer.json()["url"])).path


async def _asked(gateway: Gateway, path: str, *headers: str) -> socket.socket:
    """A client whose kernel takes little by itself."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", urlsplit(gateway.url).port))
    lines = "".join(f"{line}\r\n" for line in ("Host: x", *headers))
    await loop.sock_sendall(client, f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode())
    return client


async def _taken(client: socket.socket, pause: float = 0) -> bytes:
    """What comes until the other side closes."""
    loop, taken = asyncio.get_running_loop(), bytearray()
    try:
        while block := await asyncio.wait_for(loop.sock_recv(client, 1 << 16), 5):
            taken += block
            await asyncio.sleep(pause)
    except ConnectionResetError:
        pass
    return bytes(taken)


@pytest.mark.parametrize("headers", [(), ("Connection: close",)], ids=["kept", "closing"])
async def test_a_client_that_takes_nothing_is_cut(gateway: Gateway, film: str, headers: tuple[str, ...]) -> None:
    with await _asked(gateway, film, *headers) as client:
        await asyncio.sleep(6 * SOON_SECONDS)
        assert len(await _taken(client)) < len(CONTENT)


async def test_a_closed_connection_does_not_wait_for_ever_for_its_last_bytes_to_be_taken(
    servers: Servers, database: FreshDatabase, tmp_path: Path
) -> None:
    script = "/docs/swagger-ui-bundle.js"  # 1.5 MB in one piece, which no sender waits for here
    async with running_gateway(gateway_settings(servers, database, tmp_path), connection=Unpaused) as gateway:
        with await _asked(gateway, script, "Connection: close") as client:
            await asyncio.sleep(6 * SOON_SECONDS)
            assert len(await _taken(client)) < len((await gateway.client.get(script)).content)


async def test_a_client_that_takes_little_at_a_time_gets_it_all(gateway: Gateway, film: str) -> None:
    with await _asked(gateway, film, "Connection: close") as client:
        assert len(await _taken(client, pause=0.01)) > len(CONTENT)


async def test_no_answer_has_another_in_its_middle(gateway: Gateway, film: str) -> None:
    with await _asked(gateway, film) as client:
        loop = asyncio.get_running_loop()
        assert await loop.sock_recv(client, 8) == b"HTTP/1.1"
        await loop.sock_sendall(client, GET + b"A: " + b"a" * 70_000)
        assert b"HTTP/1.1" not in await _taken(client)
