"""The steps from a creator's file or address to sound, each run as a worker that may die at any point would."""

import asyncio
import hashlib
import os
import time
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from temporalio import activity
from temporalio.testing import ActivityEnvironment

from activities.heartbeats import heartbeating
from activities.media import MediaActivities, sweep_spool
from activities.progress import following
from schemas import ids
from schemas.errors import DatabaseUnavailable, DownloadInterrupted, FileNotReadable, Superseded
from schemas.media import SourceRef
from schemas.videos import Stage, VideoRef, VideoSource
from tests.fakes import FakeObjectStore, FakeVideoRepository, run_activity
from tests.fakes_media import INFO, SOUND, FakeArtefactRepository, FakeDownloader, FakeMediaTool

CREATOR = UUID("11111111-1111-4111-8111-111111111111")
STRANGER = UUID("22222222-2222-4222-8222-222222222222")
VIDEO = VideoRef(creator_id=CREATOR, video_id=UUID("33333333-3333-4333-8333-333333333333"))
CONTENT = b"a lecture's bytes"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
URL = "https://lectures.example/1.mp4?token=secret"
KEY = ids.object_key(CREATOR, SHA256, ".mp4")


class Made:
    """A MediaActivities over fakes, and the fakes."""

    def __init__(
        self,
        spool: Path,
        key: str | None = None,
        url: str | None = None,
        stored: dict[str, bytes] | None = None,
        downloader: FakeDownloader | None = None,
        tool: FakeMediaTool | None = None,
        epoch: int = 1,
    ) -> None:
        self.spool = spool
        self.videos = FakeVideoRepository(epoch=epoch, source=VideoSource(title="A lecture", object_key=key, url=url))
        self.artefacts = FakeArtefactRepository()
        self.store = FakeObjectStore(stored)
        self.tool = tool or FakeMediaTool()
        self.downloader = downloader or FakeDownloader(CONTENT)
        self.steps = self.with_speech_model("whisper")

    def with_speech_model(self, name: str) -> MediaActivities:
        return MediaActivities(self.videos, self.artefacts, self.store, self.tool, self.downloader, self.spool, name)

    def left_in_spool(self) -> list[str]:
        return sorted(path.name for path in self.spool.rglob("*")) if self.spool.exists() else []


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


# ---- Fetching --------------------------------------------------------------------------------------------------------


async def test_fetching_an_address_twice_downloads_once(spool: Path) -> None:
    made = Made(spool, url=URL)
    first = await run_activity(made.steps.fetch_source, VIDEO)
    assert await run_activity(made.steps.fetch_source, VIDEO) == first
    assert first == SourceRef(object_key=ids.object_key(CREATOR, SHA256, ".source"), sha256=SHA256, bytes=len(CONTENT))
    assert made.store.contents == {first.object_key: CONTENT}
    assert made.downloader.asked == [URL]
    assert made.left_in_spool() == []


async def test_fetching_is_followed_from_its_start_to_its_end_once(spool: Path) -> None:
    made = Made(spool, url=URL)
    await run_activity(made.steps.fetch_source, VIDEO)
    await run_activity(made.steps.fetch_source, VIDEO)
    assert made.videos.log == [
        (Stage.FETCH, "started", 0, "bytes"),
        (Stage.FETCH, "finished", len(CONTENT), "bytes"),
    ]


async def test_a_broken_download_is_continued_by_the_next_attempt(spool: Path) -> None:
    made = Made(spool, url=URL, downloader=FakeDownloader(CONTENT, DownloadInterrupted("cut")))
    with pytest.raises(DownloadInterrupted):
        await run_activity(made.steps.fetch_source, VIDEO)
    assert (await run_activity(made.steps.fetch_source, VIDEO)).bytes == len(CONTENT)
    assert made.downloader.found == [0, len(CONTENT) // 2]


async def test_the_spool_names_neither_the_address_nor_another_video(spool: Path) -> None:
    other = VIDEO.model_copy(update={"creator_id": STRANGER})
    made = Made(spool, url=URL, downloader=FakeDownloader(CONTENT, *(DownloadInterrupted("cut") for _ in range(2))))
    for video in (VIDEO, other):
        with pytest.raises(DownloadInterrupted):
            await run_activity(made.steps.fetch_source, video)
    assert made.downloader.found == [0, 0]
    assert not any("lecture" in name or "secret" in name for name in made.left_in_spool())


async def test_an_uploaded_file_is_taken_where_it_lies(spool: Path) -> None:
    made = Made(spool, key=KEY, stored={KEY: CONTENT})
    first = await run_activity(made.steps.fetch_source, VIDEO)
    assert await run_activity(made.steps.fetch_source, VIDEO) == first
    assert first == SourceRef(object_key=KEY, sha256=SHA256, bytes=len(CONTENT))
    assert made.downloader.asked == []


async def test_a_file_whose_key_does_not_say_its_checksum_is_read_for_it(spool: Path) -> None:
    key = f"{CREATOR}/uploads/monday.mp4"
    made = Made(spool, key=key, stored={key: CONTENT})
    assert (await run_activity(made.steps.fetch_source, VIDEO)).sha256 == SHA256


@pytest.mark.parametrize(
    "key",
    [
        KEY,  # of this creator, and not there
        ids.object_key(STRANGER, SHA256, ".mp4"),
        f"{CREATOR}x/{SHA256}",
        SHA256,
    ],
)
async def test_a_key_that_is_not_the_creators_own_looks_like_one_that_holds_nothing(spool: Path, key: str) -> None:
    stored = {} if key == KEY else {key: b"another creator's lecture"}
    made = Made(spool, key=key, stored=stored)
    with pytest.raises(FileNotReadable, match="holds nothing"):
        await run_activity(made.steps.fetch_source, VIDEO)
    assert made.artefacts.source is None


async def test_a_worker_of_an_older_epoch_fetches_nothing(spool: Path) -> None:
    made = Made(spool, url=URL, epoch=2)
    with pytest.raises(Superseded):
        await run_activity(made.steps.fetch_source, VIDEO)
    assert made.downloader.asked == []


# ---- Extracting ------------------------------------------------------------------------------------------------------

SOURCE = SourceRef(object_key=KEY, sha256=SHA256, bytes=len(CONTENT))


async def test_extracting_twice_decodes_once(spool: Path) -> None:
    made = Made(spool, stored={KEY: CONTENT})
    first = await run_activity(made.steps.extract_audio, VIDEO, SOURCE)
    assert await run_activity(made.steps.extract_audio, VIDEO, SOURCE) == first
    assert made.tool.seen == [CONTENT]
    assert len(made.artefacts.saved_audio) == 1
    assert made.left_in_spool() == []


async def test_extracted_sound_is_stored_under_its_checksum_with_its_parts(spool: Path) -> None:
    made = Made(spool, stored={KEY: CONTENT})
    audio = await run_activity(made.steps.extract_audio, VIDEO, SOURCE)
    sha256 = hashlib.sha256(SOUND).hexdigest()
    assert made.store.contents[audio.object_key] == SOUND
    assert (audio.sha256, audio.object_key) == (sha256, ids.object_key(CREATOR, sha256, ".pcm"))
    assert (audio.duration_seconds, audio.parts) == (4, 2)
    ((saved, info, model, parts),) = made.artefacts.saved_audio
    assert (saved, info, model) == (audio, INFO, "whisper")
    assert [(part.start_second, part.end_second) for part in parts] == [(0, 2), (2, 4)]


async def test_extracting_is_followed_from_its_start_to_its_end_once(spool: Path) -> None:
    made = Made(spool, stored={KEY: CONTENT})
    await run_activity(made.steps.extract_audio, VIDEO, SOURCE)
    await run_activity(made.steps.extract_audio, VIDEO, SOURCE)
    assert made.videos.log == [(Stage.AUDIO, "started", 4, "seconds"), (Stage.AUDIO, "finished", 4, "seconds")]


async def test_another_speech_model_makes_another_transcript_of_the_same_sound(spool: Path) -> None:
    made = Made(spool, stored={KEY: CONTENT})
    first = await run_activity(made.steps.extract_audio, VIDEO, SOURCE)
    second = await run_activity(made.with_speech_model("larger").extract_audio, VIDEO, SOURCE)
    assert first.object_key == second.object_key
    assert first.transcript_id != second.transcript_id


async def test_a_cancelled_extraction_leaves_nothing_in_the_spool(spool: Path) -> None:
    made = Made(spool, stored={KEY: CONTENT}, tool=FakeMediaTool(1, seconds_between=30))
    environment = ActivityEnvironment()
    work = asyncio.create_task(environment.run(made.steps.extract_audio, VIDEO, SOURCE))
    while not made.tool.seen:
        await asyncio.sleep(0.01)
    environment.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert made.left_in_spool() == []
    assert made.artefacts.saved_audio == []


async def test_a_worker_of_an_older_epoch_decodes_nothing(spool: Path) -> None:
    made = Made(spool, stored={KEY: CONTENT}, epoch=2)
    with pytest.raises(Superseded):
        await run_activity(made.steps.extract_audio, VIDEO, SOURCE)
    assert made.left_in_spool() == []


def test_sweeping_removes_what_nobody_has_written_to_for_long(spool: Path) -> None:
    for name in ("old.part", "new.part", "work-old/sound", "work-new/sound"):
        path = spool / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    long_ago = time.time() - 1_000
    for name in ("old.part", "work-old/sound", "work-old", "work-new"):
        os.utime(spool / name, (long_ago, long_ago))
    sweep_spool(spool, older_than_seconds=500)
    assert sorted(path.name for path in spool.iterdir()) == ["new.part", "work-new"]
    sweep_spool(spool / "nothing", older_than_seconds=500)


# ---- Heartbeats and progress -----------------------------------------------------------------------------------------


async def test_beats_repeat_the_checkpoint_of_the_attempt_before() -> None:
    beats: list[tuple[object, ...]] = []
    environment = ActivityEnvironment()
    environment.info = _info_with(environment, ["part 7"])
    environment.on_heartbeat = lambda *details: beats.append(details)

    async def step() -> None:
        async with heartbeating():
            await asyncio.sleep(1.2)

    await environment.run(step)
    assert beats == [("part 7",), ("part 7",)]
    await asyncio.sleep(1.1)
    assert len(beats) == 2


def _info_with(environment: ActivityEnvironment, details: list[object]) -> activity.Info:
    return replace(environment.info, heartbeat_details=details)


async def test_an_error_of_the_body_ends_the_beats_and_is_what_is_raised() -> None:
    beats: list[tuple[object, ...]] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: beats.append(details)

    async def step() -> None:
        async with heartbeating():
            await asyncio.sleep(0)
            raise FileNotReadable("gone")

    with pytest.raises(FileNotReadable):
        await environment.run(step)
    assert len(beats) == 1


async def test_progress_is_stored_at_most_once_a_second() -> None:
    videos = FakeVideoRepository()
    async with following(videos, VIDEO, Stage.AUDIO, 100, "seconds") as take:
        for done in range(60):
            take(done)
            await asyncio.sleep(0.02)
    assert len(videos.log) == 1


class Failing(FakeVideoRepository):
    """Cannot store progress, and counts how often it was asked to."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.asked = 0
        self._error = error

    async def advance_stage(self, video: VideoRef, stage: Stage, done: float, total: float, unit: str) -> None:
        self.asked += 1
        raise self._error


async def test_progress_that_cannot_be_stored_does_not_stop_the_work() -> None:
    away, superseded = Failing(DatabaseUnavailable("away")), Failing(Superseded("over"))
    async with (
        following(away, VIDEO, Stage.AUDIO, 100, "seconds") as take,
        following(superseded, VIDEO, Stage.AUDIO, 100, "seconds") as take_too,
    ):
        for done in range(1, 12):
            take(done)
            take_too(done)
            await asyncio.sleep(0.2)
    assert (away.asked, superseded.asked) == (2, 1)
