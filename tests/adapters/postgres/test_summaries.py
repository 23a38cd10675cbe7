"""Small questions about what was made of a video."""

from uuid import uuid4

import pytest

from adapters.postgres.summaries import VideoSummaries
from adapters.postgres.videos import PostgresVideos
from schemas.videos import Stage
from tests.databases import MODEL, FreshDatabase, embedded, laid_out_audio, queued_video, transcribed

pytestmark = pytest.mark.servers


async def test_chunks_come_in_order_with_their_number_and_model(database: FreshDatabase) -> None:
    video = await queued_video(database.app)
    audio = await laid_out_audio(database.app, video)
    await embedded(database.app, audio, {"Ice.": [1.0] + [0.0] * 383, "Sand.": [0.0, 1.0] + [0.0] * 382})
    summaries, key = VideoSummaries(database.app), (video.creator_id, video.video_id)
    assert [chunk.text for chunk in await summaries.chunks(*key)] == ["Ice.", "Sand."]
    assert await summaries.chunk_count(*key) == 2
    assert await summaries.embedding_model(*key) == MODEL


async def test_another_creator_sees_nothing_of_it(database: FreshDatabase) -> None:
    video = await queued_video(database.app)
    audio = await laid_out_audio(database.app, video)
    await embedded(database.app, audio, {"Ice.": [1.0] + [0.0] * 383})
    summaries, key = VideoSummaries(database.app), (uuid4(), video.video_id)
    assert await summaries.chunks(*key) == []
    assert await summaries.chunk_count(*key) == 0
    assert await summaries.embedding_model(*key) is None
    assert await summaries.heard_seconds(*key) == (0, 0)
    assert await summaries.latest_stages(key[0], [video.video_id]) == {}


async def test_heard_seconds_grow_with_the_parts(database: FreshDatabase) -> None:
    video = await queued_video(database.app)
    audio = await laid_out_audio(database.app, video, parts=3)
    summaries, key = VideoSummaries(database.app), (video.creator_id, video.video_id)
    assert await summaries.heard_seconds(*key) == (0, 90)
    await transcribed(database.app, audio, [1])
    assert await summaries.heard_seconds(*key) == (30, 90)


async def test_the_latest_stage_of_each_video_is_told_at_once(database: FreshDatabase) -> None:
    creator = uuid4()
    first, second, waiting = [await queued_video(database.app, creator, key) for key in ("a", "b", "c")]
    videos = PostgresVideos(database.app)
    for video in (first, second):
        await videos.begin(video)
        await videos.start_stage(video, Stage.FETCH, 0, "bytes")
    await videos.start_stage(second, Stage.AUDIO, 60, "seconds")
    told = await VideoSummaries(database.app).latest_stages(creator, [v.video_id for v in (first, second, waiting)])
    assert {key: progress.stage for key, progress in told.items()} == {
        first.video_id: Stage.FETCH,
        second.video_id: Stage.AUDIO,
    }
