"""A video's way is changed in one transaction, once, and whoever comes late from the way before changes nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest

from adapters.postgres.artefacts import PostgresArtefacts
from adapters.postgres.chunks import PostgresChunks
from adapters.postgres.outbox import Outbox
from adapters.postgres.quizzes import QuizReader
from adapters.postgres.search import ChunkSearch
from adapters.postgres.transcripts import PostgresTranscripts, TranscriptReader
from adapters.postgres.usage import PostgresUsage
from adapters.postgres.video_changes import VideoWriter
from adapters.postgres.video_events import VideoChanges
from adapters.postgres.videos import PostgresVideos, VideoReader
from schemas.errors import StatusForbids, Superseded, TranscriptNotReady, VideoChanged, VideoNotFound
from schemas.ids import ask, delete_video_workflow_id, process_video_workflow_id
from schemas.media import AudioRef, SourceRef
from schemas.orders import Order, VideoDeletion
from schemas.usage import Operation
from schemas.video_changes import VideoEdit
from schemas.videos import Stage, VideoRef, VideoStatus
from tests.databases import MODEL, FreshDatabase, completed, laid_out_audio, queued_video, some_chunks, transcribed

pytestmark = pytest.mark.servers


async def _orders(database: FreshDatabase, video: VideoRef) -> list[Order]:
    """Those after the first, which the upload itself wrote."""
    waiting = await Outbox(database.relay).waiting(10_000)
    return [order for order in waiting if order.creator_id == video.creator_id][1:]


async def _fail(database: FreshDatabase, video: VideoRef) -> None:
    await PostgresVideos(database.app).fail(video, "extract_audio", "not_media", "it is a text", "workflow", 1)


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
    assert (await writer.edit(*key, VideoEdit(published=True), {"*"})).title == "Another's"


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
    retries = [writer.retry(video.creator_id, video.video_id) for _ in range(8)]
    ends = await asyncio.gather(*retries, return_exceptions=True)
    assert sum(isinstance(end, StatusForbids) for end in ends) == 7
    assert [order.kind for order in await _orders(database, video)] == ["cancel-video", "process-video"]


async def test_what_runs_or_is_complete_cannot_be_retried(database: FreshDatabase) -> None:
    running = await queued_video(database.app)
    for video in (running, (await completed(database.app)).video):
        with pytest.raises(StatusForbids):
            await VideoWriter(database.app).retry(video.creator_id, video.video_id)
        assert await _orders(database, video) == []


# ---- Delete ----------------------------------------------------------------------------------------------------------

# Every table that speaks of a video, and what deleting it does there. A new one must be decided here: with a transcript
# (or another table) by its foreign key, by a statement of `delete_video`, or kept.
REMOVED = {"transcripts", "transcript_parts", "segments", "chunks", "embeddings", "quizzes", "questions", "artefacts",
           "video_events", "dead_letters"}  # fmt: skip
KEPT = {"usage_ledger", "analytics_events"}  # what was spent and what was done stay true


async def test_deleting_removes_everything_that_was_made_and_keeps_what_was_spent(database: FreshDatabase) -> None:
    audio = await completed(database.app)
    video, writer = audio.video, VideoWriter(database.app)
    for _ in range(2):
        await writer.delete(video.creator_id, video.video_id, "request-3")
    for table in REMOVED:
        sql = f"SELECT count(*) FROM {table} WHERE creator_id = $1 AND video_id = $2"
        assert await database.scalar(sql, video.creator_id, video.video_id) == 0, table
    spent = "SELECT count(*) FROM usage_ledger WHERE creator_id = $1 AND video_id = $2"
    assert await database.scalar(spent, video.creator_id, video.video_id) == 3
    orders = await _orders(database, video)
    assert [(order.kind, order.workflow_id) for order in orders] == [
        ("delete-video", delete_video_workflow_id(video.creator_id, video.video_id))
    ]
    deletion = VideoDeletion.model_validate(orders[0].payload)
    assert deletion.object_keys == ("a/b", "c/d")
    assert deletion.workflow_id == process_video_workflow_id(video.creator_id, video.video_id)
    assert deletion.video.epoch == 2


async def test_every_table_that_speaks_of_a_video_is_decided_about(database: FreshDatabase) -> None:
    rows = await database.rows(
        """SELECT c.relname AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
           WHERE a.attname = 'video_id' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
             AND c.relnamespace = 'public'::regnamespace"""
    )
    assert {row["name"] for row in rows} == REMOVED | KEPT


async def test_a_tombstone_keeps_nobodys_words_or_addresses(database: FreshDatabase) -> None:
    video = await queued_video(database.app)
    await database.scalar(
        "UPDATE videos SET url = $2, object_key = NULL WHERE id = $1", video.video_id, "https://x/?k=s"
    )
    await VideoWriter(database.app).delete(video.creator_id, video.video_id)
    rows = await database.rows("SELECT * FROM videos WHERE id = $1", video.video_id)
    kept = {value for value in rows[0].values() if isinstance(value, str)}
    assert kept == {"deleted", process_video_workflow_id(video.creator_id, video.video_id)}
    assert (rows[0]["course_id"], rows[0]["published"], rows[0]["epoch"]) == (None, False, 2)


async def test_nobody_finds_a_deleted_video(database: FreshDatabase) -> None:
    audio = await completed(database.app)
    video, reader, writer = audio.video, VideoReader(database.app), VideoWriter(database.app)
    key = (video.creator_id, video.video_id)
    await writer.edit(*key, VideoEdit(published=True))
    await writer.delete(*key)
    searches: list[Awaitable[object]] = [
        reader.find(*key),
        PostgresVideos(database.app).source(video),
        writer.edit(*key, VideoEdit(title="Back")),
        writer.cancel(*key),
        writer.retry(*key),
    ]
    for search in searches:
        with pytest.raises(VideoNotFound):
            await search
    assert await reader.newest(video.creator_id) == []
    assert await reader.starting_with(video.creator_id, str(video.video_id)) == []
    assert await VideoChanges(database.app).after(*key, 0) == []
    assert await QuizReader(database.app).newest(*key) is None
    assert await ChunkSearch(database.app).nearest(video.creator_id, MODEL, [1.0] + [0.0] * 383) == []
    with pytest.raises(TranscriptNotReady):
        await TranscriptReader(database.app).newest(*key)
    async with database.app.as_creator(video.creator_id) as connection:
        assert await connection.fetch("SELECT 1 FROM videos") == []
        assert await connection.execute("UPDATE videos SET status = 'queued'") == "UPDATE 0"
        assert await connection.execute("DELETE FROM videos") == "DELETE 0"


async def test_a_student_does_not_find_it_either(database: FreshDatabase) -> None:
    video, student = await queued_video(database.app), uuid4()
    await database.scalar("INSERT INTO students VALUES ($1, $2, 'u')", video.creator_id, student)
    await database.scalar(
        """INSERT INTO memberships (creator_id, id, student_id, whop_membership_id, status)
           VALUES ($1, $2, $3, 'm', 'active')""", video.creator_id, uuid4(), student,
    )  # fmt: skip
    for status, seen in (("queued", 1), ("deleted", 0)):
        await database.scalar("UPDATE videos SET published = true, status = $2 WHERE id = $1", video.video_id, status)
        async with database.app.as_student(video.creator_id, student) as connection:
            assert len(await connection.fetch("SELECT id FROM videos")) == seen


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
