"""The ends of a video's way: each step taken twice has one effect."""

import pytest

from activities.videos import FailedStep, VideoActivities
from schemas.errors import Superseded
from schemas.videos import VideoStatus
from tests.fakes import FakeVideoRepository, run_activity
from tests.lectures import VIDEO, audio


async def test_beginning_twice_is_once() -> None:
    videos = FakeVideoRepository()
    for _ in range(2):
        await run_activity(VideoActivities(videos).begin_video, VIDEO)
    assert videos.status is VideoStatus.PROCESSING


async def test_completing_twice_is_once() -> None:
    videos = FakeVideoRepository()
    await run_activity(VideoActivities(videos).begin_video, VIDEO)
    for _ in range(2):
        await run_activity(VideoActivities(videos).complete_video, audio(seconds=60))
    assert (videos.status, videos.duration_seconds) == (VideoStatus.COMPLETED, 60)


async def test_failing_twice_leaves_one_dead_letter() -> None:
    videos = FakeVideoRepository()
    failed = FailedStep(video=VIDEO, step="extract_audio", code="not_media", message="it is a text", attempts=1)
    for _ in range(2):
        await run_activity(VideoActivities(videos).fail_video, failed)
    assert videos.status is VideoStatus.FAILED
    assert len(videos.dead_letters) == 1


async def test_cancelling_twice_is_once_and_nobody_is_alarmed() -> None:
    videos = FakeVideoRepository()
    for _ in range(2):
        await run_activity(VideoActivities(videos).cancel_video, VIDEO)
    assert (videos.status, videos.epoch) == (VideoStatus.CANCELLED, VIDEO.epoch + 1)


async def test_a_step_of_an_older_epoch_changes_nothing() -> None:
    videos = FakeVideoRepository(epoch=2)
    with pytest.raises(Superseded):
        await run_activity(VideoActivities(videos).begin_video, VIDEO)
    assert videos.status is VideoStatus.QUEUED
