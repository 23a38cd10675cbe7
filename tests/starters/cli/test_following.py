"""Following a lecture to its end, whatever that is."""

import asyncio

import pytest

from adapters.postgres.video_changes import VideoWriter
from adapters.postgres.videos import PostgresVideos
from schemas.errors import LectureDeleted
from starters.cli.following import Follower
from starters.cli.process_report import SilentReport
from starters.cli.view import View
from tests.databases import FreshDatabase, queued_video

pytestmark = pytest.mark.servers


async def test_a_lecture_that_is_deleted_meanwhile_ends_the_wait(database: FreshDatabase) -> None:
    video, view = await queued_video(database.app), View("On glaciers")
    await PostgresVideos(database.app).begin(video)
    following = asyncio.create_task(Follower(database.app, SilentReport()).follow(video, view))
    async with asyncio.timeout(10):
        while not view.progress.number:
            await asyncio.sleep(0.01)
        await VideoWriter(database.app).delete(video.creator_id, video.video_id)
        with pytest.raises(LectureDeleted, match="On glaciers was deleted"):
            await following
