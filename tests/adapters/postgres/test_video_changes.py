"""A video's way is changed in one transaction, once, and whoever comes late from the way before changes nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from adapters.postgres.artefacts import PostgresArtefacts
from adapters.postgres.chunks import PostgresChunks
from adapters.postgres.outbox import Outbox
from adapters.postgres.transcripts import PostgresTranscripts
from adapters.postgres.usage import PostgresUsage
from adapters.postgres.video_changes import VideoWriter
from adapters.postgres.video_events import VideoChanges
from adapters.postgres.videos import PostgresVideos, VideoReader
from schemas.errors import StatusForbids, Superseded, VideoChanged, VideoNotFound
from schemas.ids import ask, process_video_workflow_id
from schemas.media import AudioRef, SourceRef
from schemas.orders import Order
from schemas.usage import Operation
from schemas.video_changes import VideoEdit
from schemas.videos import Stage, VideoRef, VideoStatus
from tests.databases import FreshDatabase, completed, laid_out_audio, queued_video, some_chunks, transcribed

pytestmark = pytest.mark.servers


async def _orders(database: FreshDatabase, video: VideoRef) -> list[Order]:
    """Those after the first, which the upload itself wrote."""
    waiting = await Outbox(database.relay).waiting(10_000)
    return [order for order in waiting if order.creator_id == video.creator_id][1:]


async def _fail(database: FreshDatabase, video: VideoRef) -> None:
    await PostgresVideos(database.app).fail(video, "extract_audio", "not_media", "it is a text", "workflow", 1)


async def _at_once(
    database: FreshDatabase, video: VideoRef, calls: Sequence[Coroutine[Any, Any, object]]
) -> list[object]:
    """What the calls end with that all come while somebody else has the video's row."""
    holder = await asyncpg.connect(database.admin_url)
    async with holder.transaction():
        await holder.execute("SELECT 1 FROM videos WHERE id = $1 FOR UPDATE", video.video_id)
        tasks = [asyncio.create_task(call) for call in calls]
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        while await database.scalar(waiting) != len(calls):
            await asyncio.sleep(0.02)
    await holder.close()
    return list(await asyncio.gather(*tasks, return_exceptions=True))


async def _statuses(database: FreshDatabase, video: VideoRef) -> list[object]:
    changes = await VideoChanges(database.app).after(video.creator_id, video.video_id, 0)
    return [change.data["status"] for change in changes if change.kind == "status"]


# ---- Edit ------------------------------------------------------------------------------------------------------------


async def test_an_edit_changes_what_it_names_and_twice_is_once(database: FreshDatabase) -> None:
    video, writer = await queued_video(database.app), VideoWriter(database.app)
    key = (video.creator_id, video.video_id)
    for _ in range(2):
        edited = await writer.edit(*key, VideoEdit(title="On ice", published=True))
        assert (edited.title, edited.course, edited.published) == ("On ice", "Geology", True)
    assert (await writer.edit(*key, VideoEdit(course="Physics"))).course == "Physics"
    assert (await writer.edit(*key, VideoEdit(course=None))).course is None
    assert (await writer.edit(*key, VideoEdit())).model_dump() == edited.model_dump() | {"course": None}


async def test_an_edit_of_a_version_that_has_gone_is_refused(database: FreshDatabase) -> None:
    video, writer = await queued_video(database.app), VideoWriter(database.app)
    key = (video.creator_id, video.video_id)
    read = await writer.edit(*key, VideoEdit())
    await writer.edit(*key, VideoEdit(title="Another's"), {read.tag})
    with pytest.raises(VideoChanged):
        await writer.edit(*key, VideoEdit(title="Mine"), {read.tag})
    assert (await writer.edit(*key, VideoEdit(published=True), None)).title == "Another's"


async def test_of_editors_at_once_who_read_the_same_version_one_is_heard(database: FreshDatabase) -> None:
    video, writer = await queued_video(database.app), VideoWriter(database.app)
    key = (video.creator_id, video.video_id)
    read = await writer.edit(*key, VideoEdit())
    edits = [writer.edit(*key, VideoEdit(title=f"Mine {n}"), {read.tag}) for n in range(5)]
    ends = await _at_once(database, video, edits)
    assert sum(isinstance(end, VideoChanged) for end in ends) == 4


# ---- Cancel and retry ------------------------------------------------------------------------------------------------


async def test_cancelling_twice_ends_one_epoch_and_orders_one_end(database: FreshDatabase) -> None:
    video, writer = await queued_video(database.app), VideoWriter(database.app)
    states = [await writer.cancel(video.creator_id, video.video_id, "request-1") for _ in range(2)]
    assert states[0] == states[1]
    assert (states[0].status, states[0].epoch) == (VideoStatus.CANCELLED, 2)
    story = process_video_workflow_id(video.creator_id, video.video_id)
    orders = await _orders(database, video)
    assert [(order.kind, order.workflow_id, order.request_id) for order in orders] == [
        ("cancel-video", story, "request-1")
    ]
    assert await _statuses(database, video) == ["cancelled"]


async def test_what_has_ended_cannot_be_cancelled(database: FreshDatabase) -> None:
    audio, failed = await completed(database.app), await queued_video(database.app)
    await _fail(database, failed)
    for video in (audio.video, failed):
        with pytest.raises(StatusForbids):
            await VideoWriter(database.app).cancel(video.creator_id, video.video_id)
        assert await _orders(database, video) == []


async def test_a_failed_video_is_told_again_at_a_new_epoch_and_its_dead_letter_says_so(database: FreshDatabase) -> None:
    video = await queued_video(database.app)
    await _fail(database, video)
    state = await VideoWriter(database.app).retry(video.creator_id, video.video_id, "request-2")
    story = process_video_workflow_id(video.creator_id, video.video_id, 2)
    assert (state.status, state.epoch, state.workflow_id) == (VideoStatus.QUEUED, 2, story)
    found = await VideoReader(database.app).find(video.creator_id, video.video_id)
    assert (found.failure_code, found.failure_message, found.workflow_id) == (None, None, story)
    again = video.model_copy(update={"epoch": 2})
    orders = await _orders(database, video)
    assert [(order.kind, order.workflow_id, VideoRef.model_validate(order.payload)) for order in orders] == [
        ("process-video", story, again)
    ]
    letter = "SELECT resolution FROM dead_letters WHERE creator_id = $1"
    assert await database.scalar(letter, video.creator_id) == "retried"
    assert await _statuses(database, video) == ["failed", "queued"]
    await PostgresVideos(database.app).begin(again)


async def test_of_two_retries_at_once_one_is_done(database: FreshDatabase) -> None:
    video, writer = await queued_video(database.app), VideoWriter(database.app)
    await writer.cancel(video.creator_id, video.video_id)
    ends = await _at_once(database, video, [writer.retry(video.creator_id, video.video_id) for _ in range(5)])
    assert sum(isinstance(end, StatusForbids) for end in ends) == 4
    assert [order.kind for order in await _orders(database, video)] == ["cancel-video", "process-video"]


async def test_what_runs_or_is_complete_cannot_be_retried(database: FreshDatabase) -> None:
    running = await queued_video(database.app)
    for video in (running, (await completed(database.app)).video):
        with pytest.raises(StatusForbids):
            await VideoWriter(database.app).retry(video.creator_id, video.video_id)
        assert await _orders(database, video) == []


async def test_another_creator_changes_nothing(database: FreshDatabase) -> None:
    video, writer, stranger = await queued_video(database.app), VideoWriter(database.app), uuid4()
    attempts: list[Awaitable[object]] = [
        writer.edit(stranger, video.video_id, VideoEdit(title="Mine")),
        writer.cancel(stranger, video.video_id),
        writer.retry(stranger, video.video_id),
        writer.delete(stranger, video.video_id),
    ]
    for attempt in attempts:
        with pytest.raises(VideoNotFound):
            await attempt
    assert (await VideoReader(database.app).find(video.creator_id, video.video_id)).status is VideoStatus.QUEUED


# ---- The fence -------------------------------------------------------------------------------------------------------


async def _cancel(database: FreshDatabase, video: VideoRef) -> None:
    await VideoWriter(database.app).cancel(video.creator_id, video.video_id)


async def _retry(database: FreshDatabase, video: VideoRef) -> None:
    await _cancel(database, video)
    await VideoWriter(database.app).retry(video.creator_id, video.video_id)


async def _delete(database: FreshDatabase, video: VideoRef) -> None:
    await VideoWriter(database.app).delete(video.creator_id, video.video_id)


def _late_writes(database: FreshDatabase, audio: AudioRef) -> list[Callable[[], Awaitable[object]]]:
    """What steps of the way before may still try."""
    app, video = database.app, audio.video
    videos, chunks = PostgresVideos(app), some_chunks(audio.transcript_id, ["late"])
    source = SourceRef(object_key="e/f", sha256="0" * 64, bytes=1)
    return [
        lambda: videos.begin(video),
        lambda: videos.complete(video, 60.0),
        lambda: videos.fail(video, "s", "c", "m", "w", 1),
        lambda: videos.finish_stage(video, Stage.TRANSCRIPT, 2, "parts"),
        lambda: PostgresArtefacts(app).save_source(video, source),
        lambda: transcribed(app, audio, [1]),
        lambda: PostgresTranscripts(app).complete(audio),
        lambda: PostgresChunks(app).replace(video, audio.transcript_id, chunks),
        lambda: PostgresUsage(app).reserve(video, ask("quiz", "x"), Operation.QUIZ, "local", "m"),
    ]


@pytest.mark.parametrize("change", [_cancel, _retry, _delete])
async def test_the_way_before_cannot_write_any_more(
    database: FreshDatabase, change: Callable[[FreshDatabase, VideoRef], Awaitable[None]]
) -> None:
    audio = await laid_out_audio(database.app, await queued_video(database.app))
    await transcribed(database.app, audio, [0])
    await change(database, audio.video)
    row = "SELECT videos::text FROM videos WHERE id = $1"
    before = await database.scalar(row, audio.video.video_id)
    for late in _late_writes(database, audio):
        with pytest.raises(Superseded):
            await late()
    assert await database.scalar(row, audio.video.video_id) == before
