"""Watch time: each batch once, within the video and within the week, by whom it was watched."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest

from adapters.postgres.watching import WatchLog
from schemas.callers import Caller
from schemas.errors import VideoNotFound
from schemas.watching import WatchBatch
from tests.callers import creator_caller, enrolled, lapse, student_caller
from tests.databases import FreshDatabase
from tests.starters.api.gateway import Gateway
from tests.starters.api.lectures import completed, processing, publish

pytestmark = pytest.mark.servers


def _item(start: float = 0, end: float = 10, ago: timedelta = timedelta(0)) -> dict[str, Any]:
    return {"from_second": start, "to_second": end, "at": (datetime.now(UTC) - ago).isoformat()}


def _batch(*items: dict[str, Any], batch: UUID | None = None) -> dict[str, Any]:
    return {"batch_id": str(batch or uuid4()), "items": list(items) or [_item()]}


async def _post(gateway: Gateway, headers: dict[str, str], video: UUID, body: Any) -> httpx2.Response:
    return await gateway.client.post(f"/api/videos/{video}/watch", headers=headers, json=body)


async def _counted(database: FreshDatabase, creator: UUID) -> list[tuple[UUID | None, str, float, float]]:
    rows = await database.rows(
        """SELECT student_id, data ->> 'viewer' AS viewer, (data ->> 'from_second')::float8 AS start,
                  (data ->> 'to_second')::float8 AS until
           FROM analytics_events WHERE creator_id = $1 AND kind = 'watch' ORDER BY at, start""",
        creator,
    )
    return [(row["student_id"], row["viewer"], row["start"], row["until"]) for row in rows]


async def test_a_batch_counts_once_however_often_it_is_sent_and_also_at_the_same_time(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator = uuid4()
    audio, _ = await completed(database, creator)
    ada = await enrolled(database, creator)
    body = _batch(_item(0, 20, timedelta(minutes=1)), _item(30, 45.5))
    answers = await asyncio.gather(
        *(_post(gateway, gateway.student(creator), audio.video.video_id, body) for _ in range(20))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.text for answer in answers} == {answers[0].text}
    assert answers[0].json() == {"batch_id": body["batch_id"], "items": 2, "seconds": 35.5}
    assert await _counted(database, creator) == [(ada, "student", 0, 20), (ada, "student", 30, 45.5)]


async def test_the_same_batch_with_other_content_is_refused_and_of_another_viewer_is_another(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator = uuid4()
    audio, _ = await completed(database, creator)
    await enrolled(database, creator)
    await enrolled(database, creator, "bob")
    video, body = audio.video.video_id, _batch()
    assert (await _post(gateway, gateway.student(creator), video, body)).status_code == 200
    other = body | {"items": [_item(0, 11)]}
    answer = await _post(gateway, gateway.student(creator), video, other)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert (await _post(gateway, gateway.student(creator, "bob"), video, body)).status_code == 200
    assert len(await _counted(database, creator)) == 2


async def test_a_creators_own_views_are_marked(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    audio, _ = await completed(database, creator)
    assert (await _post(gateway, gateway.creator(creator), audio.video.video_id, _batch())).status_code == 200
    assert await _counted(database, creator) == [(None, "creator", 0, 10)]


@pytest.mark.parametrize(
    ("item", "field"),
    [
        (_item(10, 10), "items.0.to_second"),
        (_item(10, 5), "items.0.to_second"),
        (_item(0, 62.5), "items.0.to_second"),
        (_item(0, 10, timedelta(days=7, minutes=1)), "items.0.at"),
        (_item(0, 10, timedelta(hours=-1)), "items.0.at"),  # made when tests are collected: minutes would be too few
        (_item() | {"at": "9999-12-31T23:59:59Z"}, "items.0.at"),
        (_item() | {"at": "0001-01-01T00:00:00+14:00"}, "items.0.at"),
        (_item() | {"at": "2026-01-01T00:00:00"}, "items.0.at"),
        (_item() | {"at": 10**30}, "items.0.at"),
        (_item(-1, 10), "items.0.from_second"),
        (_item(0, 1e300), "items.0.to_second"),
    ],
)
async def test_what_cannot_have_been_watched_is_refused_by_its_field(
    gateway: Gateway, database: FreshDatabase, item: dict[str, Any], field: str
) -> None:
    creator = uuid4()
    audio, _ = await completed(database, creator)
    answer = await _post(gateway, gateway.creator(creator), audio.video.video_id, _batch(item))
    assert answer.status_code == 422, answer.text
    assert field in [problem["field"].removeprefix("body.") for problem in answer.json()["errors"]]
    assert await _counted(database, creator) == []


@pytest.mark.parametrize("count", [0, 101])
async def test_a_batch_is_bounded(gateway: Gateway, count: int) -> None:
    body = {"batch_id": str(uuid4()), "items": [_item()] * count}
    assert (await _post(gateway, gateway.creator(uuid4()), uuid4(), body)).status_code == 422


async def test_what_is_no_number_is_refused(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    audio, _ = await completed(database, creator)
    text = '{"batch_id": "%s", "items": [{"from_second": NaN, "to_second": Infinity, "at": "2026-01-01T00:00:00Z"}]}'
    answer = await gateway.client.post(
        f"/api/videos/{audio.video.video_id}/watch",
        headers=gateway.creator(creator) | {"Content-Type": "application/json"},
        content=text % uuid4(),
    )
    assert answer.status_code == 422


async def test_a_video_whose_length_is_not_known_yet_can_be_watched(gateway: Gateway, database: FreshDatabase) -> None:
    creator = uuid4()
    audio = await processing(database, creator, [0])
    answer = await _post(gateway, gateway.creator(creator), audio.video.video_id, _batch(_item(0, 5_000)))
    assert answer.status_code == 200


async def test_what_was_counted_is_answered_alike_once_the_video_is_known_to_be_shorter(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator = uuid4()
    audio = await processing(database, creator, [0])
    video, body, headers = audio.video.video_id, _batch(_item(0, 5_000)), gateway.creator(creator)
    first = await _post(gateway, headers, video, body)
    await database.scalar("UPDATE videos SET duration_seconds = 60 WHERE id = $1", video)
    again = await _post(gateway, headers, video, body)
    assert (again.status_code, again.content) == (200, first.content)
    refused = _batch(_item(0, 5_000))
    assert (await _post(gateway, headers, video, refused)).status_code == 422
    mended = refused | {"items": [_item(0, 50)]}
    assert (await _post(gateway, headers, video, mended)).status_code == 200  # what was refused left its name free
    assert len(await _counted(database, creator)) == 2


@pytest.mark.parametrize("who", [creator_caller, student_caller])
async def test_a_player_that_was_away_for_a_week_may_send_again_what_was_counted(
    database: FreshDatabase, who: Callable[[UUID], Caller]
) -> None:
    creator, now = uuid4(), datetime.now(UTC)
    video = (await completed(database, creator))[0].video.video_id
    await enrolled(database, creator)
    log, batch = WatchLog(database.app), WatchBatch.model_validate(_batch())
    assert await log.add(who(creator), video, batch, now) is True
    assert await log.add(who(creator), video, batch, now + timedelta(days=8)) is False
    await database.scalar("UPDATE videos SET published = false, status = 'deleted' WHERE id = $1", video)
    with pytest.raises(VideoNotFound):
        await log.add(who(creator), video, batch, now)
    with pytest.raises(VideoNotFound):
        await log.add(who(creator), video, batch.model_copy(update={"batch_id": uuid4()}), now)


async def test_students_watch_what_is_published_and_nobody_watches_anothers(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator, other = uuid4(), uuid4()
    audio, _ = await completed(database, creator, published=False)
    ada = await enrolled(database, creator)
    await enrolled(database, other)

    async def status(headers: dict[str, str]) -> int:
        return (await _post(gateway, headers, audio.video.video_id, _batch())).status_code

    assert await status(gateway.student(creator)) == 404
    await publish(database, audio.video)
    assert await status(gateway.student(creator)) == 200
    assert [await status(stranger) for stranger in (gateway.creator(other), gateway.student(other))] == [404, 404]
    await lapse(database, ada)
    assert await status(gateway.student(creator)) == 404
    assert len(await _counted(database, creator)) == 1
    assert await _counted(database, other) == []


@pytest.mark.parametrize("table", ["watch_batches", "analytics_events"])
async def test_a_video_that_is_taken_back_while_its_watching_is_written_was_not_found(
    gateway: Gateway, database: FreshDatabase, table: str
) -> None:
    creator = uuid4()
    audio, _ = await completed(database, creator)
    await enrolled(database, creator)
    async with database.held(table) as until_waiting:
        posting = asyncio.create_task(_post(gateway, gateway.student(creator), audio.video.video_id, _batch()))
        await until_waiting(1)
        await publish(database, audio.video, published=False)
    answer = await posting
    assert (answer.status_code, answer.json()["code"]) == (404, "video_not_found")
    assert await _counted(database, creator) == []


async def test_the_database_itself_takes_a_students_own_views_of_what_it_sees_and_nothing_else(
    gateway: Gateway, database: FreshDatabase
) -> None:
    creator = uuid4()
    shown, _ = await completed(database, creator)
    hidden, _ = await completed(database, creator, "hidden", published=False)
    ada, bob = await enrolled(database, creator), await enrolled(database, creator, "bob")
    event = """INSERT INTO analytics_events (creator_id, id, at, kind, video_id, student_id)
               VALUES ($1, gen_random_uuid(), now(), $2, $3, $4)"""
    batch = "INSERT INTO watch_batches VALUES ($1, $2, gen_random_uuid(), $3, 'x')"
    mine, theirs = shown.video.video_id, hidden.video.video_id

    async def refused(sql: str, *arguments: object) -> bool:
        try:
            async with database.app.as_student(creator, ada) as connection:
                await connection.execute(sql, *arguments)
        except asyncpg.InsufficientPrivilegeError:
            return True
        return False

    assert not await refused(event, creator, "watch", mine, ada)
    assert await refused(event, creator, "watch", mine, bob)
    assert await refused(event, creator, "watch", mine, None)
    assert await refused(event, creator, "watch", theirs, ada)
    assert await refused(event, creator, "purchase", mine, ada)
    assert await refused(event, uuid4(), "watch", mine, ada)
    assert not await refused(batch, creator, ada, mine)
    assert await refused(batch, creator, bob, mine)
    assert await refused(batch, creator, ada, theirs)
    for sql in ("SELECT 1 FROM analytics_events", "DELETE FROM watch_batches", "UPDATE watch_batches SET id = id"):
        assert await refused(sql)
