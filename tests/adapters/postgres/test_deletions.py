"""A deleted video is gone for every reader, with everything that was made of it; what was spent on it stays true."""

from collections.abc import Awaitable
from uuid import uuid4

import pytest

from adapters.postgres.outbox import Outbox
from adapters.postgres.quizzes import QuizReader
from adapters.postgres.search import ChunkSearch
from adapters.postgres.transcripts import TranscriptReader
from adapters.postgres.video_changes import VideoWriter
from adapters.postgres.video_events import VideoChanges
from adapters.postgres.videos import PostgresVideos, VideoReader
from schemas.chunks import SearchQuery
from schemas.errors import TranscriptNotReady, VideoNotFound
from schemas.ids import delete_video_workflow_id, process_video_workflow_id
from schemas.orders import Order, VideoDeletion
from schemas.video_changes import VideoEdit
from schemas.videos import VideoRef
from tests.callers import creator_caller, enrolled
from tests.databases import MODEL, FreshDatabase, completed, queued_video

pytestmark = pytest.mark.servers


async def _orders(database: FreshDatabase, video: VideoRef) -> list[Order]:
    """Those after the first, which the upload itself wrote."""
    waiting = await Outbox(database.relay).waiting(10_000)
    return [order for order in waiting if order.creator_id == video.creator_id][1:]


# Every table that speaks of a video, and what deleting it does there. A new one must be decided here: with a transcript
# (or another table) by its foreign key, by a statement of `delete_video`, or kept.
REMOVED = {"transcripts", "transcript_parts", "segments", "chunks", "embeddings", "quizzes", "questions", "artefacts",
           "video_events", "dead_letters"}  # fmt: skip
UNUSED_HERE = {"quiz_attempts", "uploads"}  # go with their quizzes, and by a statement like the others
KEPT = {"usage_ledger", "analytics_events", "watch_batches"}  # what was spent and what was done stay true


async def test_deleting_removes_everything_that_was_made_and_keeps_what_was_spent(database: FreshDatabase) -> None:
    audio = await completed(database.app)
    video, writer = audio.video, VideoWriter(database.app)
    await database.execute(
        f"""INSERT INTO dead_letters (creator_id, id, video_id, epoch, workflow_id, step, code, message, attempts)
            VALUES ('{video.creator_id}', '{uuid4()}', '{video.video_id}', 1, 'w', 's', 'c', 'm', 1)"""
    )
    rows = "SELECT count(*) > 0 FROM {table} WHERE creator_id = $1 AND video_id = $2"
    for there in (True, False):
        for table in REMOVED:
            found = await database.scalar(rows.format(table=table), video.creator_id, video.video_id)
            assert found is there, table
        await writer.delete(video.creator_id, video.video_id, "request-3")
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
    assert {row["name"] for row in rows} == REMOVED | UNUSED_HERE | KEPT


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
    query = SearchQuery(words="speaks", model=MODEL, vector=[1.0] + [0.0] * 383)
    assert await ChunkSearch(database.app).best(creator_caller(video.creator_id), query) == []
    with pytest.raises(TranscriptNotReady):
        await TranscriptReader(database.app).newest(*key)
    async with database.app.as_creator(video.creator_id) as connection:
        assert await connection.fetch("SELECT 1 FROM videos") == []
        assert await connection.execute("UPDATE videos SET status = 'queued'") == "UPDATE 0"
        assert await connection.execute("DELETE FROM videos") == "DELETE 0"


async def test_a_student_does_not_find_it_either(database: FreshDatabase) -> None:
    video = await queued_video(database.app)
    student = await enrolled(database, video.creator_id)
    for status, seen in (("queued", 1), ("deleted", 0)):
        await database.scalar("UPDATE videos SET published = true, status = $2 WHERE id = $1", video.video_id, status)
        async with database.app.as_student(video.creator_id, student) as connection:
            assert len(await connection.fetch("SELECT id FROM videos")) == seen
