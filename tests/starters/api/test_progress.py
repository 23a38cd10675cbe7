"""Following a video by server-sent events: dropped, resumed, late, and cut off from everything."""

import asyncio
from uuid import UUID, uuid4

import httpx2
import pytest

from adapters.postgres.video_events import append_change
from adapters.postgres.videos import PostgresVideos
from schemas.videos import VideoRef
from tests.callers import enrolled, lapse
from tests.databases import FreshDatabase, queued_video
from tests.starters.api.gateway import Gateway
from tests.starters.api.lectures import completed, publish
from tests.starters.api.streams import Told, advance, all_told, following, told

pytestmark = pytest.mark.servers


async def _begun(database: FreshDatabase, creator: UUID, changes: int = 1) -> VideoRef:
    video = await queued_video(database.app, creator)
    await PostgresVideos(database.app).begin(video)
    await advance(database.app, video, 2, changes)
    return video


def _numbers(events: list[Told]) -> list[int | None]:
    return [event.number for event in events]


async def test_a_client_that_is_cut_off_twice_and_resumes_hears_each_change_once(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator = uuid4()
    video = await _begun(database, creator)

    async def process() -> None:
        await advance(database.app, video, 2, 60)
        await PostgresVideos(database.app).complete(video, 60)

    processing = asyncio.create_task(process())
    heard: list[Told] = []
    while not heard or heard[-1].name != "end":
        last = str(heard[-1].number) if heard else None
        async with following(gateway.url, video.video_id, gateway.creator(creator), last) as source:
            async for event in told(source):
                heard.append(event)
                if len(heard) in (3, 20):
                    break  # the connection is closed in the middle of the stream
    await processing
    assert _numbers(heard) == [*range(1, 62), None]
    assert heard[-2].data["status"] == "completed"
    assert heard[-1].data == {"status": "completed"}
    assert [event.data["done"] for event in heard[1:-2]] == list(range(2, 61))


async def test_a_change_is_told_within_a_second_to_everybody_who_follows(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator = uuid4()
    video = await _begun(database, creator)
    first = asyncio.Barrier(21)

    async def listen() -> float:
        async with following(gateway.url, video.video_id, gateway.creator(creator)) as source:
            async for event in told(source):
                if event.number == 1:
                    await first.wait()
                else:
                    break
        return asyncio.get_running_loop().time()

    listeners = [asyncio.create_task(listen()) for _ in range(20)]
    await first.wait()
    changed = asyncio.get_running_loop().time()
    await advance(database.app, video, 2, 2)
    assert max(await asyncio.gather(*listeners)) - changed < 1.0


async def test_who_comes_after_the_end_gets_the_rest_and_the_end(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    video = await _begun(database, creator, 5)
    await PostgresVideos(database.app).complete(video, 60)
    headers = gateway.creator(creator)
    assert _numbers(await all_told(gateway.url, video.video_id, headers)) == [1, 2, 3, 4, 5, 6, None]
    assert _numbers(await all_told(gateway.url, video.video_id, headers, "4")) == [5, 6, None]
    assert [event.name for event in await all_told(gateway.url, video.video_id, headers, "6")] == ["end"]


@pytest.mark.parametrize("last", ["", "x", "-1", "3.0", "9" * 40, "9" * 18, "7", "0x3"])
async def test_a_last_id_that_was_never_given_is_the_beginning(
    gateway: Gateway, database: FreshDatabase, last: str
) -> None:
    creator = uuid4()
    video = await _begun(database, creator, 3)
    await PostgresVideos(database.app).fail(video, "fetch", "not_media", "it is a picture", "w", 1)
    heard = await all_told(gateway.url, video.video_id, gateway.creator(creator), last)
    assert _numbers(heard) == [1, 2, 3, 4, None]
    assert heard[-2].data["code"] == "not_media"
    assert "message" not in heard[-2].data


async def test_a_log_longer_than_a_page_is_told_whole(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    video = await _begun(database, creator)
    await database.execute(
        f"""INSERT INTO video_events (creator_id, video_id, number, epoch, mark, kind, data)
            SELECT '{creator}', '{video.video_id}', n, 1, 'm' || n, 'stage',
                   '{{"stage": "fetch", "state": "progress", "done": 1, "total": 2, "unit": "bytes"}}'
            FROM generate_series(2, 1200) n;
            UPDATE videos SET last_change_number = 1200 WHERE id = '{video.video_id}'"""
    )
    await PostgresVideos(database.app).cancel(video)
    heard = await all_told(gateway.url, video.video_id, gateway.creator(creator))
    assert _numbers(heard) == [*range(1, 1202), None]


async def test_an_end_before_a_retry_is_history_and_no_end(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    video = await _begun(database, creator)
    await PostgresVideos(database.app).fail(video, "fetch", "not_media", "it is a picture", "w", 1)
    await database.scalar(
        "UPDATE videos SET status = 'queued', failure_code = NULL, epoch = 2 WHERE id = $1", video.video_id
    )
    again = video.model_copy(update={"epoch": 2})
    async with following(gateway.url, video.video_id, gateway.creator(creator)) as source:
        events = told(source)
        assert [(await anext(events)).number for _ in range(2)] == [1, 2]
        await PostgresVideos(database.app).begin(again)
        await PostgresVideos(database.app).complete(again, 60)
        rest = [event async for event in events]
    assert [event.data["status"] for event in rest] == ["processing", "completed", "completed"]


async def test_a_video_that_is_deleted_ends_its_streams(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    video = await _begun(database, creator)
    async with following(gateway.url, video.video_id, gateway.creator(creator)) as source:
        events = told(source)
        assert (await anext(events)).number == 1
        await database.scalar("DELETE FROM videos WHERE id = $1", video.video_id)
        assert [event.data async for event in events] == [{"status": "deleted"}]


async def test_students_follow_what_is_published_and_nobody_follows_anothers(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator, other = uuid4(), uuid4()
    audio, _ = await completed(database, creator, published=False)
    ada = await enrolled(database, creator)
    await enrolled(database, other)
    path = f"/api/videos/{audio.video.video_id}/progress"

    async def status(headers: dict[str, str]) -> int:
        return (await gateway.client.get(path, headers=headers)).status_code

    assert await status(gateway.student(creator)) == 404
    await publish(database, audio.video)
    assert (await all_told(gateway.url, audio.video.video_id, gateway.student(creator)))[-1].name == "end"
    for stranger in (gateway.creator(other), gateway.student(other)):
        assert await status(stranger) == 404
    assert await status({}) == 401
    await lapse(database, ada)
    assert await status(gateway.student(creator)) == 404


async def test_changes_of_a_kind_that_is_not_known_yet_are_passed_on(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    video = await _begun(database, creator)
    async with database.app.fenced(video) as connection:
        await append_change(connection, video, "applause", "applause", {"loud": True})
    await PostgresVideos(database.app).complete(video, 60)
    heard = await all_told(gateway.url, video.video_id, gateway.creator(creator))
    assert [event.name for event in heard] == ["status", "applause", "status", "end"]


async def test_a_stream_says_at_once_that_it_is_there_and_must_not_be_kept(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator = uuid4()
    video = await queued_video(database.app, creator)
    async with gateway.client.stream(
        "GET", f"/api/videos/{video.video_id}/progress", headers=gateway.creator(creator)
    ) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-cache"
        async with asyncio.timeout(2):
            assert await anext(answer.aiter_lines()) == ": following"


@pytest.mark.slow
async def test_a_stream_in_which_nothing_happens_is_kept_alive(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    video = await queued_video(database.app, creator)
    began = asyncio.get_running_loop().time()
    async with gateway.client.stream(
        "GET", f"/api/videos/{video.video_id}/progress", headers=gateway.creator(creator)
    ) as answer:
        await _until_line(answer, ": ping")
    assert 14 < asyncio.get_running_loop().time() - began < 18


async def _until_line(answer: httpx2.Response, wanted: str) -> None:
    async for line in answer.aiter_lines():
        if line == wanted:
            return
