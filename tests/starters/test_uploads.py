"""Uploads that end while something else happens: no byte stays that nobody can find, and no video loses its file."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from activities.deletions import DeletionActivities
from adapters.object_store import LocalObjectStore, S3ObjectStore
from adapters.postgres.artefacts import PostgresArtefacts
from adapters.postgres.uploads import PostgresUploads
from adapters.postgres.video_changes import VideoWriter
from schemas.errors import (
    NotFound,
    ObjectStoreUnavailable,
    RequestInvalid,
    TooManyUploads,
    UploadConflict,
    UploadExpired,
)
from schemas.orders import VideoDeletion
from schemas.uploads import NewUpload, Upload, upload_key
from starters.uploads import Uploads
from tests.databases import FreshDatabase
from tests.fakes import run_activity

pytestmark = pytest.mark.servers

AWAY = S3ObjectStore("lectures", "", "http://127.0.0.1:9", "us-east-1", "key", "secret")


class LateStore(LocalObjectStore):
    """Something happens before the whole file is there."""

    def __init__(self, folder: Path, meanwhile: Callable[[], Awaitable[None]]) -> None:
        super().__init__(folder)
        self._meanwhile = meanwhile

    async def pour(self, key: str, blocks: AsyncIterator[bytes]) -> None:
        content = b"".join([block async for block in blocks])
        await self._meanwhile()
        await self.write(key, content)


class HoldingStore(LocalObjectStore):
    """Is away when pieces are to be removed. A gateway that is killed there leaves the same."""

    async def remove_below(self, prefix: str) -> None:
        raise ObjectStoreUnavailable("away")


@pytest.fixture
def rows(database: FreshDatabase) -> PostgresUploads:
    return PostgresUploads(database.app)


@pytest.fixture
def uploads(rows: PostgresUploads, tmp_path: Path) -> Uploads:
    return Uploads(rows, LocalObjectStore(tmp_path))


def new_upload(creator: UUID | None = None) -> NewUpload:
    creator, key = creator or uuid4(), uuid4()
    return NewUpload(
        creator_id=creator,
        id=key,
        length=10,
        metadata="",
        title="On glaciers",
        course=None,
        object_key=upload_key(creator, key, "a.mp4"),
    )


async def body(*blocks: bytes) -> AsyncIterator[bytes]:
    for block in blocks:
        yield block


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


async def ordered_deletion(database: FreshDatabase, video: UUID) -> VideoDeletion:
    """As the relay reads it."""
    sql = "SELECT payload::text FROM outbox WHERE kind = 'delete-video' AND payload #>> '{video,video_id}' = $1"
    return VideoDeletion.model_validate_json(str(await database.scalar(sql, str(video))))


async def begun(uploads: Uploads) -> Upload:
    """Half of it is there."""
    return await uploads.receive(await uploads.begin(new_upload()), body(b"12345"), "")


async def test_bytes_that_could_not_be_removed_when_their_upload_ended_are_swept(
    uploads: Uploads, rows: PostgresUploads, tmp_path: Path
) -> None:
    upload = await begun(uploads)
    with pytest.raises(ObjectStoreUnavailable):
        await Uploads(rows, AWAY).end(upload.creator_id, upload.id)
    with pytest.raises(UploadExpired):
        await uploads.find(upload.creator_id, upload.id)
    with pytest.raises(UploadConflict):  # a request that was under way
        await uploads.receive(upload, body(b"67890"), "")
    assert len(files(tmp_path)) == 1
    assert await uploads.sweep() > 0
    assert files(tmp_path) == []
    with pytest.raises(NotFound):
        await uploads.find(upload.creator_id, upload.id)


async def test_an_end_that_failed_can_be_repeated(uploads: Uploads, rows: PostgresUploads, tmp_path: Path) -> None:
    upload = await begun(uploads)
    with pytest.raises(ObjectStoreUnavailable):
        await Uploads(rows, AWAY).end(upload.creator_id, upload.id)
    await uploads.end(upload.creator_id, upload.id)
    assert files(tmp_path) == []
    with pytest.raises(NotFound):
        await uploads.end(upload.creator_id, upload.id)


@pytest.mark.parametrize("is_store_away", [False, True])
async def test_a_file_that_is_there_only_after_its_upload_was_ended_does_not_stay(
    uploads: Uploads, rows: PostgresUploads, database: FreshDatabase, tmp_path: Path, is_store_away: bool
) -> None:
    upload = await begun(uploads)

    async def end() -> None:
        if is_store_away:
            with pytest.raises(ObjectStoreUnavailable):
                await Uploads(rows, AWAY).end(upload.creator_id, upload.id)
        else:
            await uploads.end(upload.creator_id, upload.id)

    with pytest.raises(UploadExpired if is_store_away else NotFound):
        await Uploads(rows, LateStore(tmp_path, end)).receive(upload, body(b"67890"), "")
    assert "file.mp4" not in files(tmp_path)
    await uploads.sweep()
    assert files(tmp_path) == []
    assert await database.scalar("SELECT count(*) FROM videos WHERE creator_id = $1", upload.creator_id) == 0


@pytest.mark.parametrize("is_deleted", [False, True])
async def test_who_comes_second_with_a_last_byte_leaves_the_file_as_long_as_there_is_the_video(
    uploads: Uploads, rows: PostgresUploads, database: FreshDatabase, tmp_path: Path, is_deleted: bool
) -> None:
    upload = await begun(uploads)

    async def make_the_video() -> None:
        whole = await uploads.find(upload.creator_id, upload.id)
        made = await uploads.receive(whole, body(b"67890"), "")
        await uploads.end(upload.creator_id, upload.id)
        if is_deleted:
            assert made.video_id is not None
            await VideoWriter(database.app).delete(upload.creator_id, made.video_id)

    with pytest.raises(NotFound):
        await Uploads(rows, LateStore(tmp_path, make_the_video)).receive(upload, body(b"67890"), "")
    assert files(tmp_path) == ([] if is_deleted else ["file.mp4"])


async def test_pieces_that_stayed_when_the_video_was_made_go_when_it_is_deleted(
    rows: PostgresUploads, database: FreshDatabase, tmp_path: Path
) -> None:
    uploads, other = Uploads(rows, HoldingStore(tmp_path)), await begun(Uploads(rows, LocalObjectStore(tmp_path)))
    upload = await begun(uploads)
    made = await uploads.receive(upload, body(b"67890"), "")
    assert made.video_id is not None
    assert len(files(tmp_path / str(upload.creator_id))) == 3  # the file, and its two pieces
    await VideoWriter(database.app).delete(upload.creator_id, made.video_id)
    deletion = await ordered_deletion(database, made.video_id)
    steps = DeletionActivities(PostgresArtefacts(database.app), LocalObjectStore(tmp_path))
    for _ in range(2):
        await run_activity(steps.remove_objects, deletion)
        assert files(tmp_path / str(upload.creator_id)) == []
        assert len(files(tmp_path / str(other.creator_id))) == 1  # another's, that is under way


async def test_of_many_that_are_begun_at_once_as_many_as_may_be_unfinished_are(
    rows: PostgresUploads, database: FreshDatabase, tmp_path: Path
) -> None:
    uploads, creator = Uploads(rows, LocalObjectStore(tmp_path), most_open=3), uuid4()
    news = [new_upload(creator) for _ in range(10)]
    answers = await asyncio.gather(*(uploads.begin(new) for new in news), return_exceptions=True)
    assert [type(answer) for answer in answers if not isinstance(answer, Upload)] == [TooManyUploads] * 7
    assert await database.scalar("SELECT count(*) FROM uploads WHERE creator_id = $1", creator) == 3
    for answer in answers:
        if isinstance(answer, Upload):
            assert await uploads.begin(answer) == answer  # a repeat is no new one
    await uploads.begin(new_upload())  # another creator's


@pytest.mark.parametrize("way", ["finished", "ended", "ended while the store is away", "expired"])
async def test_an_upload_that_is_over_makes_room_for_another(
    rows: PostgresUploads, database: FreshDatabase, tmp_path: Path, way: str
) -> None:
    uploads = Uploads(rows, LocalObjectStore(tmp_path), most_open=1)
    upload = await begun(uploads)
    with pytest.raises(TooManyUploads):
        await uploads.begin(new_upload(upload.creator_id))
    if way == "finished":
        await uploads.receive(upload, body(b"67890"), "")
    elif way == "expired":
        await database.scalar("UPDATE uploads SET expires_at = now() WHERE id = $1", upload.id)
    else:
        with suppress(ObjectStoreUnavailable):
            await Uploads(rows, AWAY if "away" in way else LocalObjectStore(tmp_path)).end(upload.creator_id, upload.id)
    await uploads.begin(new_upload(upload.creator_id))


async def test_an_upload_is_not_cut_into_any_number_of_small_pieces(uploads: Uploads, tmp_path: Path) -> None:
    upload = await uploads.begin(new_upload().model_copy(update={"length": 100_000}))
    for _ in range(1_000):
        upload = await uploads.receive(upload, body(b"x"), "")
    with pytest.raises(RequestInvalid, match="small pieces"):
        await uploads.receive(upload, body(b"x"), "")
    assert len(files(tmp_path)) == 1_000
    for size in (50_000, 1, 48_999):  # a large one makes room for a small one, and the last one may be of any size
        upload = await uploads.receive(upload, body(b"x" * size), "")
    assert upload.video_id is not None
