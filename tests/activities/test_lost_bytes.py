"""A row that names bytes which the store has not: what can be made again is, in a real database and a real folder."""

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from activities.deletions import DeletionActivities
from activities.media import MediaActivities
from adapters.object_store import LocalObjectStore, S3ObjectStore, Store
from adapters.postgres.artefacts import PostgresArtefacts
from adapters.postgres.events import EventInbox
from adapters.postgres.video_changes import VideoWriter
from adapters.postgres.videos import PostgresVideos
from schemas.errors import ObjectStoreUnavailable
from schemas.events import UploadCompleted
from schemas.ids import object_key
from schemas.orders import VideoDeletion
from schemas.videos import VideoRef
from tests.databases import FreshDatabase
from tests.fakes import run_activity
from tests.fakes_media import SOUND, FakeDownloader, FakeMediaTool

pytestmark = pytest.mark.servers

CONTENT, OTHER = b"a lecture's bytes", b"another lecture's bytes, which are more"
AWAY = S3ObjectStore("lectures", "", "http://127.0.0.1:9", "us-east-1", "key", "secret")


class RacedStore(LocalObjectStore):
    """Something happens once between a put and the row that is written after it."""

    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def put(self, key: str, path: Path) -> None:
        await super().put(key, path)
        happen, self.meanwhile = self.meanwhile, None
        if happen is not None:
            await happen()


class Made:
    """The steps of a worker over a real database and a real folder."""

    def __init__(self, database: FreshDatabase, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.artefacts = PostgresArtefacts(database.app)
        self.store = RacedStore(folder / "objects")
        self.tool = FakeMediaTool()
        self.downloader = FakeDownloader(CONTENT)
        self.steps = self.over(self.store)

    def over(self, store: Store) -> MediaActivities:
        videos = PostgresVideos(self.database.app)
        return MediaActivities(
            videos, self.artefacts, store, self.tool, self.downloader, self.folder / "spool", "whisper"
        )

    async def video(self, creator: UUID, key: str | None = None) -> VideoRef:
        """One that is being processed; from an address of its own where it has no key."""
        name = uuid4().hex
        url = None if key else f"https://lectures.example/{name}.mp4"
        event = UploadCompleted(creator_id=creator, title="On glaciers", course=None, object_key=key, url=url)
        video = (await EventInbox(self.database.app).accept_upload(name, event)).video
        await PostgresVideos(self.database.app).begin(video)
        return video

    async def delete(self, video: VideoRef) -> None:
        """As the gateway does it, and the story after it."""
        await VideoWriter(self.database.app).delete(video.creator_id, video.video_id)
        sql = "SELECT payload::text FROM outbox WHERE kind = 'delete-video' AND payload #>> '{video,video_id}' = $1"
        ordered = VideoDeletion.model_validate_json(str(await self.database.scalar(sql, str(video.video_id))))
        await run_activity(DeletionActivities(self.artefacts, self.store).remove_objects, ordered)

    def lose(self, key: str) -> None:
        (self.folder / "objects" / key).unlink()

    async def keys(self, video: VideoRef) -> set[str]:
        rows = await self.database.rows("SELECT object_key FROM artefacts WHERE video_id = $1", video.video_id)
        return {row["object_key"] for row in rows}


@pytest.fixture
def made(database: FreshDatabase, tmp_path: Path) -> Made:
    return Made(database, tmp_path)


async def test_sound_that_went_with_another_video_of_equal_bytes_is_made_again(made: Made) -> None:
    first, second = [await made.video(creator) for creator in [uuid4()] * 2]
    sources = [await run_activity(made.steps.fetch_source, video) for video in (first, second)]
    await run_activity(made.steps.extract_audio, first, sources[0])
    made.store.meanwhile = lambda: made.delete(first)
    audio = await run_activity(made.steps.extract_audio, second, sources[1])
    assert await made.store.size(audio.object_key) is None  # the race took place
    for _ in range(2):
        assert await run_activity(made.steps.extract_audio, second, sources[1]) == audio
        assert await made.store.size(audio.object_key) == len(SOUND)
    assert made.tool.seen == [CONTENT] * 3
    assert await made.keys(second) == {audio.object_key, sources[1].object_key}


async def test_a_source_that_went_with_another_video_of_equal_bytes_is_fetched_again(made: Made) -> None:
    first, second = [await made.video(creator) for creator in [uuid4()] * 2]
    await run_activity(made.steps.fetch_source, first)
    made.store.meanwhile = lambda: made.delete(first)
    source = await run_activity(made.steps.fetch_source, second)
    assert await made.store.size(source.object_key) is None  # the race took place
    for _ in range(2):
        assert await run_activity(made.steps.fetch_source, second) == source
        assert await made.store.size(source.object_key) == len(CONTENT)
    assert len(made.downloader.asked) == 3


async def test_an_address_that_gives_other_bytes_by_now_gives_the_video_those(made: Made) -> None:
    video = await made.video(uuid4())
    lost = await run_activity(made.steps.fetch_source, video)
    made.lose(lost.object_key)
    made.downloader = FakeDownloader(OTHER)
    source = await run_activity(made.over(made.store).fetch_source, video)
    assert source.object_key == object_key(video.creator_id, hashlib.sha256(OTHER).hexdigest(), ".source")
    assert await made.store.size(source.object_key) == len(OTHER)
    assert await made.keys(video) == {source.object_key}


async def test_a_file_that_was_handed_in_is_not_looked_for_elsewhere(made: Made) -> None:
    """Its sound may be there, and then the retry of a quiz needs no more."""
    creator = uuid4()
    key = f"{creator}/uploads/monday/file.mp4"
    await made.store.write(key, CONTENT)
    video = await made.video(creator, key)
    source = await run_activity(made.steps.fetch_source, video)
    audio = await run_activity(made.steps.extract_audio, video, source)
    made.lose(key)
    assert await run_activity(made.steps.fetch_source, video) == source
    assert await run_activity(made.steps.extract_audio, video, source) == audio
    assert (made.downloader.asked, made.tool.seen) == ([], [CONTENT])


async def test_nothing_is_forgotten_or_made_again_because_the_store_is_away(made: Made) -> None:
    video = await made.video(uuid4())
    source = await run_activity(made.steps.fetch_source, video)
    audio = await run_activity(made.steps.extract_audio, video, source)
    away = made.over(AWAY)
    with pytest.raises(ObjectStoreUnavailable):
        await run_activity(away.fetch_source, video)
    with pytest.raises(ObjectStoreUnavailable):
        await run_activity(away.extract_audio, video, source)
    assert await made.keys(video) == {source.object_key, audio.object_key}
    assert (len(made.downloader.asked), len(made.tool.seen)) == (1, 1)
