"""Resumable uploads: whatever cuts them, nothing that was acknowledged is lost, and one upload is one video."""

import asyncio
import base64
import hashlib
import io
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import aiotus
import httpx2
import pytest

from adapters.object_store import LocalObjectStore
from adapters.postgres.uploads import PostgresUploads
from schemas.errors import TookTooLong
from schemas.uploads import NewUpload, UploadPart, pieces_prefix
from starters.uploads import Uploads
from tests.databases import FreshDatabase
from tests.starters.api.gateway import Gateway

pytestmark = pytest.mark.servers

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {"Content-Type": "application/offset+octet-stream"}
CONTENT = os.urandom(20 << 20)  # three pieces


@dataclass(frozen=True)
class Sender:
    """A creator with an upload in hand."""

    gateway: Gateway
    creator: UUID

    @property
    def headers(self) -> dict[str, str]:
        return self.gateway.creator(self.creator) | TUS

    async def create(self, length: int, **headers: str) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.gateway.client.post(
            "/api/videos/upload", headers=self.headers | {"Upload-Length": str(length)} | named
        )

    async def begun(self, length: int, **headers: str) -> str:
        answer = await self.create(length, **headers)
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    async def patch(self, url: str, offset: int, body: bytes, **headers: str) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.gateway.client.patch(
            url, headers=self.headers | BYTES | {"Upload-Offset": str(offset)} | named, content=body
        )

    async def offset(self, url: str) -> int:
        answer = await self.gateway.client.head(url, headers=self.headers)
        assert answer.status_code == 200
        return int(answer.headers["Upload-Offset"])

    def stored(self) -> bytes:
        """The only whole file that this creator has."""
        (found,) = self.files("file.*")
        return found.read_bytes()

    def files(self, pattern: str = "*") -> list[Path]:
        folder = self.gateway.settings.home_path / "objects" / str(self.creator)
        return [path for path in folder.rglob(pattern) if path.is_file()]


@pytest.fixture
def sender(gateway: Gateway) -> Sender:
    return Sender(gateway, uuid4())


async def videos(database: FreshDatabase, creator: UUID) -> list[tuple[str, str | None, str]]:
    rows = await database.rows(
        """SELECT v.title, c.title AS course, v.object_key FROM videos v
           LEFT JOIN courses c ON c.creator_id = v.creator_id AND c.id = v.course_id WHERE v.creator_id = $1""",
        creator,
    )
    orders = await database.scalar("SELECT count(*) FROM outbox WHERE creator_id = $1", creator)
    assert orders == len(rows)
    return [tuple(row) for row in rows]


def in_base64(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


async def test_a_client_of_the_protocol_uploads_a_lecture_and_one_video_is_made(
    sender: Sender, database: FreshDatabase
) -> None:
    metadata = {"filename": b"glacier.mp4", "title": "Über Gletscher".encode(), "course": b"Geology"}
    url = await aiotus.upload(
        f"{sender.gateway.url}/api/videos/upload",
        io.BytesIO(CONTENT),
        metadata,
        headers=sender.gateway.creator(sender.creator),
    )
    assert url is not None
    ((title, course, key),) = await videos(database, sender.creator)
    assert (title, course) == ("Über Gletscher", "Geology")
    assert key.startswith(f"{sender.creator}/")
    assert key.endswith(".mp4")
    assert sender.stored() == CONTENT
    assert len(sender.files()) == 1  # the pieces are gone
    told = await aiotus.metadata(url, headers=sender.gateway.creator(sender.creator))
    assert told == metadata


async def test_the_server_tells_what_it_can_without_a_credential(gateway: Gateway) -> None:
    answer = await gateway.client.options("/api/videos/upload")
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == answer.headers["Tus-Resumable"] == "1.0.0"
    assert answer.headers["Tus-Max-Size"] == "20000000000"
    assert "creation-with-upload" in answer.headers["Tus-Extension"]


async def test_a_client_that_speaks_another_version_is_told_ours(sender: Sender) -> None:
    headers = sender.headers | {"Tus-Resumable": "0.2.2", "Upload-Length": "5"}
    answer = await sender.gateway.client.post("/api/videos/upload", headers=headers)
    assert answer.status_code == 412
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.json()["code"] == "tus_version_refused"


async def test_the_last_patch_names_the_video_and_so_does_every_head_after(
    sender: Sender, database: FreshDatabase
) -> None:
    url = await sender.begun(5)
    answer = await sender.patch(url, 0, b"12345")
    assert answer.status_code == 204
    assert answer.headers["Upload-Offset"] == "5"
    assert "GMT" in answer.headers["Upload-Expires"]
    found = await database.scalar("SELECT id FROM videos WHERE creator_id = $1", sender.creator)
    assert answer.headers["Video-Id"] == str(found)
    head = await sender.gateway.client.head(url, headers=sender.headers)
    assert head.headers["Video-Id"] == str(found)
    assert head.headers["Upload-Length"] == "5"
    assert head.headers["Cache-Control"] == "no-store"


async def test_creation_may_bring_the_first_bytes(sender: Sender, database: FreshDatabase) -> None:
    answer = await sender.gateway.client.post(
        "/api/videos/upload", headers=sender.headers | BYTES | {"Upload-Length": "10"}, content=b"12345"
    )
    assert answer.status_code == 201
    assert answer.headers["Upload-Offset"] == "5"
    assert (await sender.patch(answer.headers["Location"], 5, b"67890")).status_code == 204
    assert sender.stored() == b"1234567890"
    assert len(await videos(database, sender.creator)) == 1


async def test_a_connection_that_is_cut_loses_nothing_that_came(sender: Sender, database: FreshDatabase) -> None:
    url = await sender.begun(len(CONTENT))
    cut = 13_000_000

    async def half() -> AsyncIterator[bytes]:
        for at in range(0, cut, 1_000_000):
            yield CONTENT[at : min(at + 1_000_000, cut)]
        raise ConnectionAbortedError

    headers = sender.headers | BYTES | {"Upload-Offset": "0", "Content-Length": str(len(CONTENT))}
    async with httpx2.AsyncClient() as client:
        with pytest.raises(ConnectionAbortedError):
            await client.patch(url, headers=headers, content=half())
    for _ in range(100):
        if (offset := await sender.offset(url)) > 12_000_000:
            break
        await asyncio.sleep(0.05)
    assert 12_000_000 < offset <= cut
    answer = await sender.patch(url, offset, CONTENT[offset:])
    assert answer.headers["Upload-Offset"] == str(len(CONTENT))
    assert sender.stored() == CONTENT
    assert len(await videos(database, sender.creator)) == 1


async def test_a_client_that_falls_silent_is_cut_and_what_it_sent_is_kept(
    database: FreshDatabase, tmp_path: Path
) -> None:
    rows = PostgresUploads(database.app)
    uploads = Uploads(rows, LocalObjectStore(tmp_path), idle_seconds=0.2)
    creator, key = uuid4(), uuid4()
    new = NewUpload(
        creator_id=creator, id=key, length=10, metadata="", title="x", course=None, object_key=f"{creator}/x"
    )
    upload = await uploads.begin(new)

    async def silent() -> AsyncIterator[bytes]:
        yield b"12345"
        await asyncio.sleep(30)

    with pytest.raises(TookTooLong):
        await uploads.receive(upload, silent())
    assert (await uploads.find(creator, key)).offset == 5


async def test_bytes_from_another_place_are_refused_and_the_right_one_is_told(sender: Sender) -> None:
    url = await sender.begun(10)
    await sender.patch(url, 0, b"12345")
    for offset in (0, 3, 6, 10, 2**80):
        answer = await sender.patch(url, offset, b"xx")
        assert answer.status_code == 409
        assert answer.headers["Upload-Offset"] == "5"
        assert answer.headers["Tus-Resumable"] == "1.0.0"
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert await sender.offset(url) == 5


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
async def test_bytes_that_are_not_those_sent_are_refused_and_not_kept(sender: Sender, algorithm: str) -> None:
    url = await sender.begun(10)
    good = hashlib.new(algorithm, b"12345").digest()
    wrong = await sender.patch(url, 0, b"12346", Upload_Checksum=f"{algorithm} {in_base64(good)}")
    assert wrong.status_code == 460
    assert wrong.json()["code"] == "checksum_mismatch"
    assert await sender.offset(url) == 0
    assert sender.files() == []
    right = await sender.patch(url, 0, b"12345", Upload_Checksum=f"{algorithm} {in_base64(good)}")
    assert right.headers["Upload-Offset"] == "5"


async def test_a_checksum_that_cannot_be_one_is_refused(sender: Sender) -> None:
    url = await sender.begun(10)
    for checksum in ("crc32 AAAA", "sha1", "sha1 ***", "", "sha1  x", "SHA1 AAAA"):
        answer = await sender.patch(url, 0, b"12345", Upload_Checksum=checksum)
        assert answer.status_code in (422, 460), checksum
    assert await sender.offset(url) == 0


async def test_more_than_a_video_may_have_is_refused_before_a_byte_is_sent(sender: Sender) -> None:
    for length in (20_000_000_001, 2**70):
        assert (await sender.create(length)).status_code == 413
    for wrong in ("0", "-1", "x", "1e3", ""):
        answer = await sender.gateway.client.post(
            "/api/videos/upload", headers=sender.headers | {"Upload-Length": wrong}
        )
        assert answer.status_code == 422


async def test_more_than_was_announced_is_refused(sender: Sender) -> None:
    url = await sender.begun(5)
    assert (await sender.patch(url, 0, b"123456")).status_code == 413

    async def unannounced() -> AsyncIterator[bytes]:
        yield b"123456"

    headers = sender.headers | BYTES | {"Upload-Offset": "0"}
    answer = await sender.gateway.client.patch(url, headers=headers, content=unannounced())
    assert answer.status_code == 413
    assert await sender.offset(url) == 0
    assert sender.files() == []


async def test_bytes_of_another_type_are_refused(sender: Sender) -> None:
    url = await sender.begun(5)
    assert (await sender.patch(url, 0, b"12345", Content_Type="video/mp4")).status_code == 415


async def test_another_creators_upload_is_not_found(sender: Sender) -> None:
    url = await sender.begun(5)
    other = Sender(sender.gateway, uuid4())
    assert (await other.patch(url, 0, b"12345")).status_code == 404
    for method in ("HEAD", "DELETE"):
        assert (await other.gateway.client.request(method, url, headers=other.headers)).status_code == 404
    assert await sender.offset(url) == 0


async def test_a_stranger_and_a_student_write_nothing(sender: Sender, database: FreshDatabase) -> None:
    url = await sender.begun(5)
    student = sender.gateway.student(sender.creator)
    for headers, status in (({}, 401), ({"Authorization": "Bearer guess"}, 401), (student, 403)):
        said = headers | TUS | BYTES | {"Upload-Offset": "0", "Upload-Length": "5"}
        for method, path in (("POST", "/api/videos/upload"), ("PATCH", url), ("DELETE", url), ("HEAD", url)):
            content = b"12345" if method in ("POST", "PATCH") else None
            answer = await sender.gateway.client.request(method, path, headers=said, content=content)
            assert answer.status_code == status, (method, headers)
    assert sender.files() == []
    assert await sender.offset(url) == 0
    assert await database.scalar("SELECT count(*) FROM uploads WHERE creator_id = $1", sender.creator) == 1


async def test_a_stranger_is_refused_before_the_body_is_sent(gateway: Gateway) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
    writer.write(
        f"PATCH /api/videos/upload/{uuid4()} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
        "Content-Type: application/offset+octet-stream\r\nContent-Length: 20000000000\r\n\r\n".encode()
    )
    line = await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    assert b" 401 " in line


async def test_an_ended_upload_is_gone_with_its_bytes(sender: Sender, database: FreshDatabase) -> None:
    url = await sender.begun(10)
    await sender.patch(url, 0, b"12345")
    assert sender.files()
    assert (await sender.gateway.client.delete(url, headers=sender.headers)).status_code == 204
    assert sender.files() == []
    assert (await sender.gateway.client.head(url, headers=sender.headers)).status_code == 404
    assert (await sender.patch(url, 5, b"67890")).status_code == 404
    assert await videos(database, sender.creator) == []


async def test_ending_an_upload_that_became_a_video_leaves_the_video(sender: Sender, database: FreshDatabase) -> None:
    url = await sender.begun(5)
    await sender.patch(url, 0, b"12345")
    assert (await sender.gateway.client.delete(url, headers=sender.headers)).status_code == 204
    assert sender.stored() == b"12345"
    assert len(await videos(database, sender.creator)) == 1


async def test_what_has_expired_is_told_so_and_swept(sender: Sender, database: FreshDatabase) -> None:
    url, done, live = await sender.begun(10), await sender.begun(5), await sender.begun(10)
    await sender.patch(url, 0, b"12345")
    await sender.patch(done, 0, b"12345")
    await sender.patch(live, 0, b"12345")
    for old in (url, done):
        await database.execute(f"UPDATE uploads SET expires_at = now() - interval '1 s' WHERE id = '{old[-36:]}'")
    assert (await sender.patch(url, 5, b"67890")).status_code == 410
    uploads = Uploads(PostgresUploads(database.app), LocalObjectStore(sender.gateway.settings.home_path / "objects"))
    assert await uploads.sweep() == 2
    assert await uploads.sweep() == 0
    assert (await sender.gateway.client.head(url, headers=sender.headers)).status_code == 404
    assert sender.stored() == b"12345"
    assert await sender.offset(live) == 5
    assert len(sender.files()) == 2


@pytest.mark.parametrize(
    ("metadata", "title", "course"),
    [
        ("", "Untitled", None),
        ("title", "Untitled", None),
        (f"filename {in_base64('../../etc/pass wd.mp4')}", "pass wd.mp4", None),
        (f"title {in_base64('a' + chr(0) + chr(10) + 'b')}", "ab", None),
        (f"title {in_base64(b'caf' + bytes([233]))}", "caf\ufffd", None),
        (f"title {in_base64('x' * 400)},course {in_base64('   ')}", "x" * 300, None),
        (f"title {in_base64(chr(0x202E) + 'gpj')},course {in_base64('C' * 301)}", "gpj", "C" * 300),
    ],
)
async def test_hostile_metadata_makes_a_harmless_title(
    sender: Sender, database: FreshDatabase, metadata: str, title: str, course: str | None
) -> None:
    url = await sender.begun(5, Upload_Metadata=metadata)
    await sender.patch(url, 0, b"12345")
    ((found, in_course, key),) = await videos(database, sender.creator)
    assert (found, in_course) == (title, course)
    assert ".." not in key


async def test_metadata_that_cannot_be_read_is_refused(sender: Sender) -> None:
    for metadata in ("title ***", "a YQ==,a YQ==", ",", "title " + "A" * 4_000, "title YQ"):
        assert (await sender.create(5, Upload_Metadata=metadata)).status_code == 422, metadata


async def test_patches_that_race_make_one_video(sender: Sender, database: FreshDatabase) -> None:
    url = await sender.begun(len(CONTENT))
    answers = await asyncio.gather(*(sender.patch(url, 0, CONTENT) for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {204, 409}
    while (offset := await sender.offset(url)) < len(CONTENT):
        await sender.patch(url, offset, CONTENT[offset:])
    assert sender.stored() == CONTENT
    assert len(await videos(database, sender.creator)) == 1
    assert len(sender.files()) == 1


async def test_the_last_byte_is_acknowledged_with_the_video_and_never_before(
    sender: Sender, database: FreshDatabase
) -> None:
    """A gateway that is killed between the two leaves this: all bytes safe, and no video."""
    url = await sender.begun(10)
    await sender.patch(url, 0, b"12345")
    uploads = PostgresUploads(database.app)
    store = LocalObjectStore(sender.gateway.settings.home_path / "objects")
    upload = await uploads.find(sender.creator, UUID(url[-36:]))
    part = UploadPart(start=5, bytes=5, object_key=f"{pieces_prefix(sender.creator, upload.id)}/5-x")
    await store.write(part.object_key, b"67890")
    assert await uploads.add(upload, [part], 60)
    assert await sender.offset(url) == 5
    answers = await asyncio.gather(*(sender.patch(url, 5, b"67890") for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {204, 409}
    assert 204 in {answer.status_code for answer in answers}
    assert await sender.offset(url) == 10
    assert sender.stored() == b"1234567890"
    assert len(await videos(database, sender.creator)) == 1
