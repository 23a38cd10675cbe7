"""A video's row changes by guarded statements only, and its change log says each change once."""

import asyncio

import pytest

from adapters.postgres.video_events import VideoChanges
from adapters.postgres.videos import PostgresVideos, VideoReader
from schemas.errors import Superseded
from schemas.videos import Stage, VideoRef, VideoStatus
from tests.databases import FreshDatabase, queued_video

pytestmark = pytest.mark.servers


async def _status(database: FreshDatabase, video: VideoRef) -> VideoStatus:
    return (await VideoReader(database.app).find(video.creator_id, video.video_id)).status


async def _kinds(database: FreshDatabase, video: VideoRef) -> list[object]:
    changes = await VideoChanges(database.app).after(video.creator_id, video.video_id, 0)
    return [change.data.get("status") or f"{change.data['stage']} {change.data['state']}" for change in changes]


async def test_beginning_and_completing_twice_is_once(database: FreshDatabase) -> None:
    video, videos = await queued_video(database.app), PostgresVideos(database.app)
    for _ in range(2):
        await videos.begin(video)
    for _ in range(2):
        await videos.complete(video, 60.0)
    assert await _status(database, video) is VideoStatus.COMPLETED
    assert await _kinds(database, video) == ["processing", "completed"]


async def test_failing_twice_leaves_one_dead_letter_with_the_first_reason(database: FreshDatabase) -> None:
    video, videos = await queued_video(database.app), PostgresVideos(database.app)
    await videos.begin(video)
    await videos.fail(video, "extract_audio", "not_media", "it is a text", "workflow", 1)
    await videos.fail(video, "extract_audio", "no_audio_track", "something else", "workflow", 1)
    letters = await database.rows("SELECT code, step FROM dead_letters WHERE creator_id = $1", video.creator_id)
    assert [tuple(row) for row in letters] == [("not_media", "extract_audio")]
    assert (await VideoReader(database.app).find(video.creator_id, video.video_id)).failure_code == "not_media"


async def test_a_finished_video_neither_begins_nor_fails(database: FreshDatabase) -> None:
    video, videos = await queued_video(database.app), PostgresVideos(database.app)
    await videos.begin(video)
    await videos.complete(video, 60.0)
    await videos.fail(video, "late", "error", "a worker that woke up", "workflow", 1)
    with pytest.raises(Superseded):
        await videos.begin(video)
    assert await _status(database, video) is VideoStatus.COMPLETED
    assert await database.scalar("SELECT count(*) FROM dead_letters WHERE creator_id = $1", video.creator_id) == 0


async def test_after_a_cancel_nothing_of_the_old_epoch_can_write(database: FreshDatabase) -> None:
    video, videos = await queued_video(database.app), PostgresVideos(database.app)
    await videos.begin(video)
    await videos.cancel(video)
    attempts = [
        videos.begin(video),
        videos.complete(video, 60.0),
        videos.fail(video, "s", "c", "m", "w", 1),
        videos.cancel(video),
        videos.start_stage(video, Stage.AUDIO, 1, "seconds"),
    ]
    for attempt in attempts:
        with pytest.raises(Superseded):
            await attempt
    assert await _status(database, video) is VideoStatus.CANCELLED
    assert await _kinds(database, video) == ["processing", "cancelled"]


async def test_a_stage_is_logged_once_however_often_its_step_runs(database: FreshDatabase) -> None:
    video, videos = await queued_video(database.app), PostgresVideos(database.app)
    for _ in range(2):
        await videos.start_stage(video, Stage.AUDIO, 60, "seconds")
        await videos.advance_stage(video, Stage.AUDIO, 30, 60, "seconds")
        await videos.finish_stage(video, Stage.AUDIO, 60, "seconds")
    assert await _kinds(database, video) == ["audio started", "audio progress", "audio finished"]


async def test_changes_are_numbered_without_a_lost_one_when_many_write_at_once(database: FreshDatabase) -> None:
    video, videos = await queued_video(database.app), PostgresVideos(database.app)
    seen: list[int] = []

    async def follow() -> None:
        while len(seen) < 40:
            last = seen[-1] if seen else 0
            changes = await VideoChanges(database.app).after(video.creator_id, video.video_id, last)
            seen.extend(change.number for change in changes)

    writers = [videos.advance_stage(video, Stage.TRANSCRIPT, n, 40, "parts") for n in range(40)]
    async with asyncio.timeout(20):
        await asyncio.gather(follow(), *writers)
    assert seen == list(range(1, 41))
