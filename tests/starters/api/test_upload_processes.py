"""Uploads through real gateway processes: killed in the middle, several at once, and their memory."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx2
import psutil
import pytest

from adapters.tokens.development import DevelopmentTokens
from schemas.callers import Caller, Role
from tests.adapters.media.disks import small_disk
from tests.conftest import Servers
from tests.databases import FreshDatabase
from tests.surroundings import bare_environment

pytestmark = pytest.mark.servers

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
MEGABYTE = os.urandom(1 << 20)


@dataclass(frozen=True)
class Running:
    process: asyncio.subprocess.Process
    client: httpx2.AsyncClient


@dataclass(frozen=True)
class Installation:
    """What the processes share."""

    home: Path
    environment: dict[str, str]

    @asynccontextmanager
    async def gateway(self) -> AsyncIterator[Running]:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "starters.api", env=self.environment | {"MENTORA_API_PORT": str(port)}
        )
        try:
            async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                await _answers(client)
                yield Running(process, client)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    def headers(self, creator: UUID) -> dict[str, str]:
        tokens = DevelopmentTokens(self.home / "development.key")
        caller = Caller(role=Role.CREATOR, subject="x", creator_id=creator)
        return {"Authorization": f"Bearer {tokens.issue(caller, 600)}", "Tus-Resumable": "1.0.0"}

    def stored(self, creator: UUID) -> list[Path]:
        return [path for path in (self.home / "objects" / str(creator)).rglob("*") if path.is_file()]


async def _answers(client: httpx2.AsyncClient) -> None:
    for _ in range(400):
        try:
            await client.get("/healthz")
        except httpx2.TransportError:
            await asyncio.sleep(0.05)
        else:
            return
    raise AssertionError("the gateway does not answer")


@pytest.fixture
def installation(servers: Servers, database: FreshDatabase, tmp_path: Path) -> Installation:
    environment = bare_environment() | {
        "MENTORA_HOME": str(tmp_path),
        "MENTORA_POSTGRES_URL": database.app_url,
        "MENTORA_REDIS_CACHE_URL": servers.redis_url,
        "MENTORA_REDIS_LIMITS_URL": servers.limits_url,
        "MENTORA_DEVELOPMENT_KEY_FILE": str(tmp_path / "development.key"),
        "MENTORA_LOG_LEVEL": "warning",
    }
    return Installation(tmp_path, environment)


async def begin(running: Running, headers: dict[str, str], length: int) -> str:
    answer = await running.client.post("/api/videos/upload", headers=headers | {"Upload-Length": str(length)})
    assert answer.status_code == 201, answer.text
    return httpx2.URL(answer.headers["Location"]).path


async def patch(
    running: Running, path: str, headers: dict[str, str], offset: int, content: bytes | AsyncIterator[bytes]
) -> httpx2.Response:
    said = headers | {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    return await running.client.patch(path, headers=said, content=content)


async def offset_of(running: Running, path: str, headers: dict[str, str]) -> int:
    return int((await running.client.head(path, headers=headers)).headers["Upload-Offset"])


async def megabytes(first: int, end: int, pause: float = 0) -> AsyncIterator[bytes]:
    """Each megabyte is another, so that a shifted one is seen."""
    for number in range(first, end):
        yield number.to_bytes(4) + MEGABYTE[4:]
        await asyncio.sleep(pause)


async def test_a_killed_gateway_loses_nothing_that_it_acknowledged(
    installation: Installation, database: FreshDatabase
) -> None:
    creator = uuid4()
    headers = installation.headers(creator)
    async with installation.gateway() as first:
        path = await begin(first, headers, 30 << 20)
        sending = asyncio.create_task(patch(first, path, headers, 0, megabytes(0, 30, pause=0.03)))
        while (acknowledged := await offset_of(first, path, headers)) < 10 << 20:
            await asyncio.sleep(0.01)
        first.process.send_signal(signal.SIGKILL)
        with pytest.raises(httpx2.TransportError):
            await sending
    async with installation.gateway() as second:
        offset = await offset_of(second, path, headers)
        assert offset >= acknowledged
        whole = b"".join([block async for block in megabytes(0, 30)])
        answer = await patch(second, path, headers, offset, whole[offset:])
        assert answer.headers["Upload-Offset"] == str(30 << 20)
    (file,) = installation.stored(creator)  # the piece that was being written when the process died is gone too
    assert file.read_bytes() == whole
    assert await database.scalar("SELECT count(*) FROM videos WHERE creator_id = $1", creator) == 1


async def test_two_processes_make_one_video_of_one_upload(installation: Installation, database: FreshDatabase) -> None:
    creator = uuid4()
    headers = installation.headers(creator)
    content = b"".join([block async for block in megabytes(0, 20)])
    async with installation.gateway() as first, installation.gateway() as second:
        path = await begin(first, headers, len(content))
        answers = await asyncio.gather(*(patch(one, path, headers, 0, content) for one in (first, second) * 2))
        assert {answer.status_code for answer in answers} <= {204, 409}
        while (offset := await offset_of(second, path, headers)) < len(content):
            await patch(second, path, headers, offset, content[offset:])
    (file,) = installation.stored(creator)
    assert file.read_bytes() == content
    for table in ("videos", "outbox", "idempotency_keys"):
        assert await database.scalar(f"SELECT count(*) FROM {table} WHERE creator_id = $1", creator) == 1


async def test_memory_stays_flat_while_a_quarter_of_a_gigabyte_comes_in(installation: Installation) -> None:
    headers = installation.headers(uuid4())
    async with installation.gateway() as running:
        while (await running.client.get("/readyz")).json()["dependencies"]["models"] != "ready":
            await asyncio.sleep(0.1)  # models take memory of their own
        path = await begin(running, headers, 16 << 20)
        await patch(running, path, headers, 0, megabytes(0, 16))  # what is loaded at first use is loaded
        path = await begin(running, headers, 256 << 20)
        process = psutil.Process(running.process.pid)
        before = peak = process.memory_info().rss
        sending = asyncio.create_task(patch(running, path, headers, 0, megabytes(0, 256)))
        while not sending.done():
            peak = max(peak, process.memory_info().rss)
            await asyncio.sleep(0.02)
        assert (await sending).status_code == 204
    assert peak - before < 50 << 20


async def test_a_full_disk_is_told_and_what_was_acknowledged_stays(installation: Installation, tmp_path: Path) -> None:
    headers = installation.headers(uuid4())
    with small_disk(tmp_path / "objects", megabytes=20):
        async with installation.gateway() as running:
            path = await begin(running, headers, 30 << 20)
            answer = await patch(running, path, headers, 0, megabytes(0, 30))
            assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
            assert 16 << 20 <= await offset_of(running, path, headers) < 20 << 20


async def _sent(running: Running, line: str, headers: dict[str, str], content: bytes = b"") -> Streams:
    """A request by hand, of whose body this is the beginning."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in ({"Host": "x"} | headers).items())
    reader, writer = await asyncio.open_connection("127.0.0.1", running.client.base_url.port, limit=4_096)
    writer.write(f"{line} HTTP/1.1\r\n{lines}\r\n".encode() + content)
    return reader, writer


async def test_a_request_that_a_stopping_gateway_cannot_wait_for_is_told_to_come_again(
    installation: Installation, capfd: pytest.CaptureFixture[str]
) -> None:
    headers = installation.headers(uuid4())
    async with installation.gateway() as running:
        path = await begin(running, headers, 2 << 20)
        said = headers | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        form = headers | {"Content-Type": "multipart/form-data; boundary=b"}
        asked = [
            await _sent(running, f"PATCH {path}", said | {"Content-Length": str(2 << 20)}, MEGABYTE),
            await _sent(running, "POST /api/videos", form | {"Content-Length": "100"}, b"--b\r\n"),
        ]
        await running.client.get("/healthz")
        running.process.send_signal(signal.SIGTERM)
        for reader, writer in asked:
            answer = (await asyncio.wait_for(reader.read(), 15)).decode()
            writer.close()
            assert answer.startswith("HTTP/1.1 503 ")
            assert {"retry-after: 1", "connection: close"} <= set(answer.splitlines())
            assert '"code":"took_too_long"' in answer
        assert await running.process.wait() in (0, -signal.SIGTERM)
    assert "Traceback" not in capfd.readouterr().err


async def test_an_answer_that_a_stopping_gateway_cannot_wait_for_is_cut_and_called_no_bug(
    installation: Installation, capfd: pytest.CaptureFixture[str]
) -> None:
    headers = installation.headers(uuid4())
    async with installation.gateway() as running:
        path = await begin(running, headers, 30 << 20)
        video = (await patch(running, path, headers, 0, megabytes(0, 30))).headers["Video-Id"]
        link = (await running.client.get(f"/api/videos/{video}/media", headers=headers)).json()["url"]
        reader, writer = await _sent(running, f"GET {urlsplit(link).path}", {})
        assert await asyncio.wait_for(reader.readline(), 5) == b"HTTP/1.1 200 OK\r\n"
        running.process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(running.process.wait(), 15)
        writer.close()
    assert "Traceback" not in capfd.readouterr().err
