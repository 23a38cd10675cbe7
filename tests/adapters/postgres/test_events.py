"""An event is accepted once, however often and however much at once it is sent."""

import asyncio
from uuid import uuid4

import pytest

from adapters.postgres.events import EventInbox
from adapters.postgres.outbox import Outbox
from schemas.errors import EventInvalid, IdempotencyKeyReused
from schemas.events import UploadCompleted
from schemas.videos import VideoRef
from tests.databases import FreshDatabase

pytestmark = pytest.mark.servers


def _event(title: str = "On glaciers", **changes: object) -> UploadCompleted:
    return UploadCompleted.model_validate(
        {"creator_id": uuid4(), "title": title, "course": "Geology", "object_key": "a/b"} | changes
    )


async def test_a_hundred_at_once_make_one_video_and_one_order(database: FreshDatabase) -> None:
    event = _event()
    inbox = EventInbox(database.app)
    answers = await asyncio.gather(*(inbox.accept_upload("key", event) for _ in range(100)))
    assert len({answer.video.video_id for answer in answers}) == 1
    assert sorted(answer.is_repeat for answer in answers) == [False] + [True] * 99
    for table in ("videos", "outbox", "idempotency_keys"):
        sql = f"SELECT count(*) FROM {table} WHERE creator_id = $1"
        assert await database.scalar(sql, event.creator_id) == 1


async def test_the_same_key_with_another_event_is_refused_and_changes_nothing(database: FreshDatabase) -> None:
    event = _event()
    await EventInbox(database.app).accept_upload("key", event)
    with pytest.raises(IdempotencyKeyReused):
        await EventInbox(database.app).accept_upload("key", event.model_copy(update={"title": "Another"}))
    sql = "SELECT string_agg(title, ',') FROM videos WHERE creator_id = $1"
    assert await database.scalar(sql, event.creator_id) == "On glaciers"


async def test_two_creators_may_use_the_same_key(database: FreshDatabase) -> None:
    first, second = [await EventInbox(database.app).accept_upload("same", _event()) for _ in range(2)]
    assert first.video.video_id != second.video.video_id
    assert not second.is_repeat


@pytest.mark.parametrize("key", ["", "x" * 256, "line\nbreak", "nul\0"])
async def test_a_key_that_is_none_is_refused(database: FreshDatabase, key: str) -> None:
    with pytest.raises(EventInvalid):
        await EventInbox(database.app).accept_upload(key, _event())


async def test_an_event_that_fails_half_way_leaves_nothing(database: FreshDatabase) -> None:
    event = _event().model_copy(update={"title": "x" * 301})  # past the model, into the table's own check
    with pytest.raises(Exception, match="videos_title_check"):
        await EventInbox(database.app).accept_upload("key", event)
    for table in ("videos", "outbox", "idempotency_keys", "creators", "courses"):
        assert await database.scalar(f"SELECT count(*) FROM {table} WHERE creator_id = $1", event.creator_id) == 0


async def test_an_order_waits_until_it_is_confirmed(database: FreshDatabase) -> None:
    event = _event()
    answer = await EventInbox(database.app).accept_upload("key", event)
    outbox = Outbox(database.relay)
    mine = [order for order in await outbox.waiting(10_000) if order.creator_id == event.creator_id]
    ordered = [(order.workflow_id, VideoRef.model_validate(order.payload)) for order in mine]
    assert ordered == [(answer.workflow_id, answer.video)]
    await outbox.confirm(mine[0])
    await outbox.confirm(mine[0])
    assert not [order for order in await outbox.waiting(10_000) if order.creator_id == event.creator_id]
