"""A thousand followers, one question; nobody waits with a connection in hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from adapters.postgres.pool import Database
from adapters.postgres.video_events import VideoChanges
from adapters.postgres.videos import PostgresVideos
from schemas.callers import Caller, Role
from schemas.videos import VideoRef
from starters.following import LOOK_SECONDS, Follower, Following
from tests.databases import FreshDatabase, queued_video
from tests.starters.api.streams import advance

pytestmark = pytest.mark.servers


def _as(creator: UUID) -> Caller:
    return Caller(role=Role.CREATOR, subject="somebody", creator_id=creator)


@pytest_asyncio.fixture(loop_scope="session")
async def narrow(database: FreshDatabase) -> AsyncIterator[Database]:
    """Two connections at most."""
    narrow = Database(database.app_url, pool_size=2)
    await asyncio.gather(narrow.ping(), narrow.ping())
    yield narrow
    await narrow.close()


def _count(database: Database, statements: list[str]) -> None:
    """Every statement of the pool's connections from now on."""
    pool: Any = database._pool
    for holder in pool._holders:
        if holder._con is not None:
            holder._con.add_query_logger(lambda query: statements.append(query.query))


async def _begun(database: FreshDatabase, creator: UUID, key: str) -> VideoRef:
    video = await queued_video(database.app, creator, key)
    await PostgresVideos(database.app).begin(video)
    return video


async def _next(follower: Follower, number: int) -> int:
    async with aclosing(follower.changes()) as changes:
        async for change in changes:
            if change.number == number:
                return number
    raise AssertionError("the stream ended first")


async def test_a_thousand_followers_ask_one_question_and_all_hear_the_change(
    database: FreshDatabase, narrow: Database
) -> None:
    creators = [uuid4() for _ in range(10)]
    videos = [await _begun(database, creator, f"lecture-{n}") for creator in creators for n in range(2)]
    following, statements = Following(VideoChanges(narrow)), list[str]()
    _count(narrow, statements)
    async with AsyncExitStack() as stack:
        followers = [
            await stack.enter_async_context(following.follow(_as(video.creator_id), video.video_id, 0))
            for video in videos
            for _ in range(50)
        ]
        hearing = [asyncio.create_task(_next(follower, 2)) for follower in followers]
        await asyncio.sleep(4 * LOOK_SECONDS)
        statements.clear()
        await asyncio.sleep(8 * LOOK_SECONDS)
        looks = [sql for sql in statements if "unnest" in sql]
        assert 4 <= len(looks) <= 9
        assert len(statements) <= 3 * len(looks) + 2  # begin, look, commit; and one may be on its way
        await asyncio.gather(*(advance(database.app, video, 2, 2) for video in videos))
        async with asyncio.timeout(5):
            assert await asyncio.gather(*hearing) == [2] * 1_000
        readings = [sql for sql in statements if "FROM video_events" in sql]
        assert len(readings) <= 3 * len(videos)
    statements.clear()
    await asyncio.sleep(3 * LOOK_SECONDS)
    assert statements == []  # nobody follows, so nobody asks


async def test_who_joins_between_the_last_change_and_the_next_look_hears_it_before_the_end(
    database: FreshDatabase,
) -> None:
    video = await _begun(database, uuid4(), "lecture")
    following, caller = Following(VideoChanges(database.app)), _as(video.creator_id)
    async with following.follow(caller, video.video_id, 1) as first:
        hearing = asyncio.create_task(_next(first, 2))
        await asyncio.sleep(3 * LOOK_SECONDS)  # the page behind number 1 was read, and is empty
        await PostgresVideos(database.app).complete(video, 60)
        async with following.follow(caller, video.video_id, 1) as second:
            assert [change.number async for change in second.changes()] == [2]
            assert second.end == "completed"
        assert await hearing == 2


async def test_a_stream_is_let_go_after_its_time(database: FreshDatabase) -> None:
    video = await _begun(database, uuid4(), "lecture")
    following = Following(VideoChanges(database.app), stream_seconds=0.5)
    async with following.follow(_as(video.creator_id), video.video_id, 0) as follower, asyncio.timeout(3):
        assert [change.number async for change in follower.changes()] == [1]
        assert follower.end is None


async def test_everybody_is_let_go_when_the_process_ends(database: FreshDatabase) -> None:
    video = await _begun(database, uuid4(), "lecture")
    following = Following(VideoChanges(database.app))
    async with following.follow(_as(video.creator_id), video.video_id, 1) as follower:
        hearing = asyncio.create_task(_next(follower, 9))
        await asyncio.sleep(0.1)
        following.end()
        with pytest.raises(AssertionError, match="ended first"):
            await asyncio.wait_for(hearing, 1)


async def test_who_leaves_in_the_middle_of_a_reading_does_not_take_it_from_the_others(
    database: FreshDatabase,
) -> None:
    video = await _begun(database, uuid4(), "lecture")
    following = Following(VideoChanges(database.app))
    async with (
        following.follow(_as(video.creator_id), video.video_id, 0) as first,
        following.follow(_as(video.creator_id), video.video_id, 0) as second,
    ):
        leaving, staying = (asyncio.create_task(_next(follower, 1)) for follower in (first, second))
        await asyncio.sleep(0)  # both ask now
        leaving.cancel()
        assert await asyncio.wait_for(staying, 2) == 1


async def test_the_look_reads_numbers_and_nothing_of_a_lecture(database: FreshDatabase) -> None:
    video = await _begun(database, uuid4(), "lecture")
    key = (video.creator_id, video.video_id)
    assert await VideoChanges(database.app).numbers([key, (uuid4(), video.video_id)]) == {key: 1}
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.app.as_operator() as connection:
            await connection.fetch("SELECT title FROM videos")
