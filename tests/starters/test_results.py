"""The document of what was made of a video."""

from uuid import uuid4

import pytest

from adapters.postgres.videos import PostgresVideos, VideoReader
from schemas.errors import NoAudioTrack
from schemas.videos import Stage
from starters.results import TemporalUi, gather_result, read_transcript
from tests.databases import (
    MODEL,
    FreshDatabase,
    embedded,
    laid_out_audio,
    queued_video,
    quizzed,
    transcribed,
)

UI = TemporalUi("http://localhost:8233/", "our team")
pytestmark = pytest.mark.servers


async def test_a_completed_video_is_told_whole(database: FreshDatabase) -> None:
    video = await queued_video(database.app, uuid4())
    audio = await laid_out_audio(database.app, video)
    videos = PostgresVideos(database.app)
    await videos.start_stage(video, Stage.TRANSCRIPT, 2, "parts")
    await transcribed(database.app, audio)
    await videos.finish_stage(video, Stage.TRANSCRIPT, 2, "parts")
    await embedded(database.app, audio, {"Ice.": [1.0] + [0.0] * 383, "Sand.": [0.0, 1.0] + [0.0] * 382})
    await quizzed(database.app, audio)
    await videos.complete(video, 60)
    stored = await VideoReader(database.app).find(video.creator_id, video.video_id)
    result = await gather_result(database.app, stored, UI)
    assert (result.status, result.title, result.duration_seconds) == ("completed", "On glaciers", 60)
    assert result.elapsed_seconds is not None
    assert result.elapsed_seconds > 0
    assert result.transcript is not None
    assert (result.transcript.segments, result.transcript.words) == (2, 4)
    assert (result.chunks, result.embedding_model) == (2, MODEL)
    assert result.quiz is not None
    assert len(result.quiz.questions) == 1
    assert result.stages[Stage.TRANSCRIPT].seconds is not None
    assert result.stages[Stage.TRANSCRIPT].unit == "parts"
    assert result.error is None


async def test_a_video_that_waits_has_nothing_yet(database: FreshDatabase) -> None:
    video = await queued_video(database.app, uuid4())
    stored = await VideoReader(database.app).find(video.creator_id, video.video_id)
    result = await gather_result(database.app, stored, UI)
    assert (result.status, result.stages, result.transcript, result.chunks) == ("queued", {}, None, 0)
    assert (result.embedding_model, result.quiz, result.elapsed_seconds) == (None, None, None)


async def test_a_transcript_without_a_part_is_none(database: FreshDatabase) -> None:
    video = await queued_video(database.app, uuid4())
    await laid_out_audio(database.app, video)
    assert await read_transcript(database.app, video.creator_id, video.video_id) is None


async def test_a_failed_video_names_its_error_and_the_cure(database: FreshDatabase) -> None:
    video = await queued_video(database.app, uuid4())
    await PostgresVideos(database.app).fail(video, "extract_audio", "no_audio_track", "it has no sound", "w", 1)
    stored = await VideoReader(database.app).find(video.creator_id, video.video_id)
    error = (await gather_result(database.app, stored, UI)).error
    assert error is not None
    assert (error.code, error.message, error.cure) == ("no_audio_track", "it has no sound", NoAudioTrack.cure)


async def test_a_cancelled_video_says_so(database: FreshDatabase) -> None:
    video = await queued_video(database.app, uuid4())
    await PostgresVideos(database.app).cancel(video)
    stored = await VideoReader(database.app).find(video.creator_id, video.video_id)
    error = (await gather_result(database.app, stored, UI)).error
    assert error is not None
    assert error.code == "video_cancelled"


def test_a_link_to_temporals_ui_hides_the_slashes_of_our_ids() -> None:
    assert UI.link("process-video/1/2") == (
        "http://localhost:8233/namespaces/our%20team/workflows/process-video%2F1%2F2"
    )
    assert TemporalUi("", "default").link("process-video/1/2") is None
