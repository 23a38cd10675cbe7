"""Uploads that are refused, each as the protocol says, and what they must not leave behind."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from tests.databases import FreshDatabase
from tests.starters.api.gateway import Gateway
from tests.starters.api.senders import BYTES, TUS, Sender, in_base64, videos

pytestmark = pytest.mark.servers

UNSEEN = chr(0xFE0F)  # a variation selector: it can be printed, and shows nothing


async def test_a_client_that_speaks_another_version_is_told_ours(sender: Sender) -> None:
    headers = sender.headers | {"Tus-Resumable": "0.2.2", "Upload-Length": "5"}
    answer = await sender.gateway.client.post("/api/videos/upload", headers=headers)
    assert answer.status_code == 412
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.json()["code"] == "tus_version_refused"


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


async def test_of_a_checked_body_that_is_too_long_nothing_is_kept(sender: Sender) -> None:
    """Its length is not told, so it is found out when the first pieces are stored already."""
    length, wrong = 17_000_000, {"Upload-Checksum": f"sha1 {in_base64(bytes(20))}"}
    url = await sender.begun(length)

    async def blocks() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield bytes(1_000_000)
        yield b"x"

    refused = await sender.gateway.client.patch(
        url, headers=sender.headers | BYTES | {"Upload-Offset": "0"} | wrong, content=blocks()
    )
    assert (refused.status_code, refused.json()["code"]) == (413, "request_too_large")
    assert sender.files() == []


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


@pytest.mark.parametrize(
    ("metadata", "title", "course"),
    [
        ("", "Untitled", None),
        ("title", "Untitled", None),
        (f"filename {in_base64('../../etc/pass wd.mp4')}", "pass wd.mp4", None),
        (f"title {in_base64('a' + chr(0) + chr(10) + 'b')}", "a b", None),
        (f"title {in_base64(b'caf' + bytes([233]))}", "caf\ufffd", None),
        (f"title {in_base64('x' * 400)},course {in_base64('   ')}", "x" * 300, None),
        (f"title {in_base64(chr(0x202E) + 'gpj')},course {in_base64('C' * 301)}", "gpj", "C" * 300),
        (f"title {in_base64(UNSEEN)},filename {in_base64('x.mp4')},course {in_base64(UNSEEN)}", "x.mp4", None),
        (f"title {in_base64(UNSEEN)},filename {in_base64('C:' + chr(92) + 'week' + chr(92) + 'y.mp4')}", "y.mp4", None),
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


async def test_more_than_a_hundred_unfinished_uploads_are_refused_where_they_are_begun(
    sender: Sender, database: FreshDatabase
) -> None:
    url = await sender.begun(5)
    await database.scalar(
        """INSERT INTO uploads (creator_id, id, length, metadata, title, object_key, expires_at)
           SELECT $1, gen_random_uuid(), 5, '', 'x', 'x', now() + interval '1 day' FROM generate_series(2, 100)""",
        sender.creator,
    )
    form = sender.gateway.client.post("/api/videos", headers=sender.headers, files={"file": ("a.mp4", b"film")})
    for answer in (await sender.create(5), await form):
        assert (answer.status_code, answer.json()["code"]) == (409, "too_many_uploads")
    assert (await sender.patch(url, 0, b"12345")).status_code == 204
    assert (await sender.create(5)).status_code == 201
