"""A small file in one form: the same care as for a large one."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx2
import pytest

from tests.databases import FreshDatabase
from tests.starters.api.gateway import Gateway

pytestmark = pytest.mark.servers

CONTENT = b"lecture" * 700_000  # beyond what is held in memory


async def send(
    gateway: Gateway, creator: UUID, content: bytes = CONTENT, key: str = "", **data: str
) -> httpx2.Response:
    headers = gateway.creator(creator) | ({"Idempotency-Key": key} if key else {})
    return await gateway.client.post("/api/videos", headers=headers, data=data, files={"file": ("a.mp4", content)})


async def count(database: FreshDatabase, table: str, creator: UUID) -> object:
    return await database.scalar(f"SELECT count(*) FROM {table} WHERE creator_id = $1", creator)


async def test_a_small_file_becomes_a_video(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    answer = await send(gateway, creator, title="On glaciers", course="Geology")
    assert answer.status_code == 201, answer.text
    (row,) = await database.rows("SELECT id, title, object_key FROM videos WHERE creator_id = $1", creator)
    assert (str(row["id"]), row["title"]) == (answer.json()["id"], "On glaciers")
    stored = gateway.settings.home_path / "objects" / row["object_key"]
    assert stored.read_bytes() == CONTENT
    assert await count(database, "outbox", creator) == 1


async def test_a_title_that_nobody_sees_gives_way_to_the_files_name(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    answer = await send(gateway, creator, title="\ufe0f", course="\ufe0f")
    assert answer.status_code == 201, answer.text
    (row,) = await database.rows("SELECT title, course_id FROM videos WHERE creator_id = $1", creator)
    assert tuple(row) == ("a.mp4", None)


async def test_the_same_key_again_is_the_same_video(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    first = await send(gateway, creator, key="monday", title="x")
    assert (await send(gateway, creator, key="monday", title="x")).json() == first.json()
    for other in ({"title": "y"}, {"title": "x", "content": CONTENT[:-1] + b"!"}, {"title": "x", "content": b"z"}):
        answer = await send(gateway, creator, key="monday", **other)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert await count(database, "videos", creator) == 1
    assert (await send(gateway, uuid4(), key="monday", title="x")).json() != first.json()


@pytest.mark.parametrize("gone", ["video", "upload"])
async def test_the_same_key_again_stores_nothing_though_the_video_or_its_upload_is_gone(
    gateway: Gateway, database: FreshDatabase, gone: str
) -> None:
    creator, objects = uuid4(), gateway.settings.home_path / "objects"
    first = await send(gateway, creator, key="monday", title="x")
    if gone == "video":
        await gateway.client.delete(f"/api/videos/{first.json()['id']}", headers=gateway.creator(creator))
        shutil.rmtree(objects / str(creator))  # as its story does
    else:
        await database.scalar("DELETE FROM uploads WHERE creator_id = $1", creator)  # as the sweeper does
    again = await send(gateway, creator, key="monday", title="x")
    assert (again.status_code, again.json()) == (201, first.json())
    await database.scalar("DELETE FROM uploads WHERE creator_id = $1", creator)
    for content, title in ((CONTENT, "y"), (CONTENT[::-1], "x"), (CONTENT[:-1], "x")):
        other = await send(gateway, creator, content, key="monday", title=title)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    stored = [path.read_bytes() for path in (objects / str(creator)).rglob("*") if path.is_file()]
    assert stored == ([] if gone == "video" else [CONTENT])
    assert await count(database, "outbox", creator) == (2 if gone == "video" else 1)


async def test_many_at_once_with_one_key_make_one_video(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    answers = await asyncio.gather(*(send(gateway, creator, key="monday") for _ in range(6)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert (await send(gateway, creator, key="monday")).status_code == 201
    assert await count(database, "videos", creator) == 1


async def test_a_stranger_and_a_student_are_refused_before_the_file_is_read(gateway: Gateway) -> None:
    for headers, status in ((b"", b" 401 "), (b"Authorization: " + _student(gateway) + b"\r\n", b" 403 ")):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
        writer.write(
            b"POST /api/videos HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n"
            + headers + b"Content-Length: 5000000\r\n\r\n--x\r\n"
        )  # fmt: skip
        line = await asyncio.wait_for(reader.readline(), 5)
        writer.close()
        assert status in line


def _student(gateway: Gateway) -> bytes:
    return gateway.student(uuid4())["Authorization"].encode()


async def test_a_form_without_a_file_is_refused(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    headers = gateway.creator(creator)
    nothing = await gateway.client.post("/api/videos", headers=headers, files={"title": (None, "x")})
    empty = await send(gateway, creator, b"")
    other = await gateway.client.post("/api/videos", headers=headers, json={"file": "x"})
    torn = await gateway.client.post(
        "/api/videos", headers=headers | {"Content-Type": "multipart/form-data; boundary=x"}, content=b"no form"
    )
    nameless = await gateway.client.post(
        "/api/videos", headers=headers | {"Content-Type": "multipart/form-data"}, content=b"no form"
    )
    assert [a.status_code for a in (nothing, empty, other, torn, nameless)] == [422, 422, 415, 400, 400]
    for answer in (nothing, empty, other, torn, nameless):
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert await count(database, "uploads", creator) == 0


@pytest.mark.parametrize(("charset", "title"), [("undefined", b"x"), ("punycode", b"+"), ("idna", b"xn--a")])
async def test_a_charset_that_the_form_is_not_written_in_is_refused(
    gateway: Gateway, charset: str, title: bytes
) -> None:
    answer = await gateway.client.post(
        "/api/videos",
        headers=gateway.creator(uuid4()) | {"Content-Type": f"multipart/form-data; boundary=b; charset={charset}"},
        content=b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\n' + title + b"\r\n--b--\r\n",
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")


async def test_a_hundred_megabytes_are_the_most(gateway: Gateway) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
    token = gateway.creator(uuid4())["Authorization"].encode()
    writer.write(
        b"POST /api/videos HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        b"Authorization: " + token + b"\r\nContent-Length: 100100001\r\n\r\n--x\r\n"
    )  # fmt: skip
    line = await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    assert b" 413 " in line


async def test_other_routes_keep_their_limit_of_a_megabyte(gateway: Gateway) -> None:
    answer = await gateway.client.put(
        "/api/admin/limits/api", headers=gateway.operator(), content=b'{"requests": 1' + b" " * 1_100_000
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large")

    async def unannounced() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * 100_000

    counted = await gateway.client.put("/api/admin/limits/api", headers=gateway.operator(), content=unannounced())
    assert (counted.status_code, counted.json()["code"]) == (413, "request_too_large")
