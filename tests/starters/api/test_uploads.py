"""Resumable uploads: whatever cuts them, nothing that was acknowledged is lost, and one upload is one video."""

import asyncio
import io
import os
from collections.abc import AsyncIterator
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
from tests.starters.api.senders import BYTES, Sender, videos

pytestmark = pytest.mark.servers

CONTENT = os.urandom(20 << 20)  # three pieces


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


async def test_where_only_posts_come_through_a_header_names_the_method(sender: Sender, database: FreshDatabase) -> None:
    url, post = await sender.begun(10), sender.gateway.client.post

    def meaning(method: str) -> dict[str, str]:
        return sender.headers | {"X-HTTP-Method-Override": method}

    sent = await post(url, headers=meaning("PATCH") | BYTES | {"Upload-Offset": "0"}, content=b"12345")
    assert (sent.status_code, sent.headers["Upload-Offset"]) == (204, "5")
    asked = await post(url, headers=meaning("head"))
    assert (asked.status_code, asked.headers["Upload-Length"], asked.content) == (200, "10", b"")
    assert (await post(url, headers=meaning("DELETE"))).status_code == 204
    assert (await post(url, headers=meaning("HEAD"))).status_code == 404
    assert sender.files() == []


async def test_a_header_names_no_other_method_and_none_of_anything_but_uploads(
    sender: Sender, database: FreshDatabase
) -> None:
    headers, post = sender.headers, sender.gateway.client.post
    refused = await post(await sender.begun(1), headers=headers | {"X-HTTP-Method-Override": "PURGE"})
    assert refused.status_code == 405
    video = await sender.patch(await sender.begun(1), 0, b"1")
    address = f"/api/videos/{video.headers['Video-Id']}"
    assert (await post(address, headers=headers | {"X-HTTP-Method-Override": "DELETE"})).status_code == 405
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
        await uploads.receive(upload, silent(), "")
    assert (await uploads.find(creator, key)).offset == 5


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
