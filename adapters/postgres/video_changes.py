"""What a creator changes of a video: its title, its way, its being there at all."""

from collections.abc import Container
from uuid import UUID

from asyncpg import Record

from adapters.postgres.outbox import add_order
from adapters.postgres.pool import Connection, Database
from adapters.postgres.video_events import append_change
from schemas.errors import StatusForbids, VideoChanged, VideoNotFound
from schemas.ids import course_id, delete_video_workflow_id, process_video_workflow_id
from schemas.orders import OrderKind, VideoDeletion
from schemas.video_changes import EditableVideo, VideoEdit, VideoState
from schemas.videos import VideoRef, VideoStatus


class VideoWriter:
    """Each change is one transaction: the row at its new epoch, and the order that follows from it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def edit(
        self, creator: UUID, video_id: UUID, edit: VideoEdit, expected: Container[str] | None = None
    ) -> EditableVideo:
        """Change what the edit names, and return the whole.

        Idempotent: the same edit again finds everything as it wants it.
        Raises: VideoNotFound; VideoChanged where the video's ETag is none of the `expected`.
        """
        async with self._database.as_creator(creator) as connection:
            await locked_video(connection, creator, video_id)
            before = await _editable(connection, creator, video_id)
            if expected is not None and before.tag not in expected:
                raise VideoChanged(f"video {video_id} is not what you read any more")
            if edit.model_fields_set:
                await _edit(connection, creator, video_id, edit)
            return await _editable(connection, creator, video_id)

    async def cancel(self, creator: UUID, video_id: UUID, request_id: str = "") -> VideoState:
        """End the video's way at once: its epoch is over, and the order ends its story.

        Idempotent: a cancelled video stays as it is.
        Raises: VideoNotFound; StatusForbids where it has ended otherwise.
        """
        sql = """UPDATE videos SET status = 'cancelled', epoch = epoch + 1
                 WHERE creator_id = $1 AND id = $2 AND epoch = $3 AND status IN ('queued', 'processing')"""
        async with self._database.as_creator(creator) as connection:
            row = await locked_video(connection, creator, video_id)
            video, status = _ref(creator, row), VideoStatus(row["status"])
            if status is VideoStatus.CANCELLED:
                return VideoState(**row)
            if status.is_final:
                raise StatusForbids(f"video {video_id} is {status}: there is nothing to cancel")
            await connection.execute(sql, creator, video_id, video.epoch)
            await append_change(connection, video, "status", "status:cancelled", {"status": "cancelled"})
            await add_order(connection, OrderKind.CANCEL_VIDEO, video, row["workflow_id"], video, request_id)
            return VideoState(**await locked_video(connection, creator, video_id))

    async def retry(self, creator: UUID, video_id: UUID, request_id: str = "") -> VideoState:
        """Tell the video's story again, at a new epoch; what is stored is found and not made again.

        Idempotent: of two calls one finds the video failed or cancelled; the other is refused and changes nothing.
        Raises: VideoNotFound; StatusForbids.
        """
        sql = """UPDATE videos SET status = 'queued', epoch = $3, workflow_id = $4, started_at = NULL,
                                   failure_code = NULL, failure_message = NULL
                 WHERE creator_id = $1 AND id = $2"""
        async with self._database.as_creator(creator) as connection:
            row = await locked_video(connection, creator, video_id)
            if row["status"] not in (VideoStatus.FAILED, VideoStatus.CANCELLED):
                raise StatusForbids(f"video {video_id} is {row['status']}: there is nothing to retry")
            again = VideoRef(creator_id=creator, video_id=video_id, epoch=row["epoch"] + 1)
            story = process_video_workflow_id(creator, video_id, again.epoch)
            await connection.execute(sql, creator, video_id, again.epoch, story)
            await _resolve_dead_letters(connection, again)
            await append_change(connection, again, "status", "status:queued", {"status": "queued"})
            await add_order(connection, OrderKind.PROCESS_VIDEO, again, story, again, request_id)
            return VideoState(**await locked_video(connection, creator, video_id))

    async def delete(self, creator: UUID, video_id: UUID, request_id: str = "") -> None:
        """See `delete_video`."""
        async with self._database.as_creator(creator) as connection:
            await delete_video(connection, creator, video_id, request_id)


async def delete_video(connection: Connection, creator: UUID, video_id: UUID, request_id: str) -> str:
    """Remove everything that was made of the video, leave its tombstone, and order the rest; return the story's id.

    Idempotent: a deleted video stays as it is. Raises: VideoNotFound where there never was one.
    """
    story = delete_video_workflow_id(creator, video_id)
    await connection.execute("SELECT set_config('mentora.sees_deleted', 'yes', true)")
    row = await locked_video(connection, creator, video_id)
    if row["status"] == VideoStatus.DELETED:
        return story
    gone = _ref(creator, row).model_copy(update={"epoch": row["epoch"] + 1})
    keys, uploads = await _object_keys(connection, gone), await _upload_ids(connection, gone)
    for sql in _REMOVALS:
        await connection.execute(sql, creator, video_id)
    await connection.execute(_TOMBSTONE, creator, video_id, gone.epoch)
    deletion = VideoDeletion(video=gone, workflow_id=row["workflow_id"], object_keys=keys, upload_ids=uploads)
    await add_order(connection, OrderKind.DELETE_VIDEO, gone, story, deletion, request_id)
    return story


async def locked_video(connection: Connection, creator: UUID, video_id: UUID) -> Record:
    """Where the video stands, and stays until the transaction ends. Raises: VideoNotFound."""
    sql = """SELECT id, status, epoch, workflow_id FROM videos
             WHERE creator_id = $1 AND id = $2 FOR NO KEY UPDATE"""
    row = await connection.fetchrow(sql, creator, video_id)
    if row is None:
        raise VideoNotFound(f"there is no video {video_id}")
    return row


async def completed_video(connection: Connection, creator: UUID, video_id: UUID) -> VideoRef:
    """The video, locked, once there is something to change in what was made of it.

    Raises: VideoNotFound; StatusForbids where it is not completed.
    """
    row = await locked_video(connection, creator, video_id)
    if row["status"] != VideoStatus.COMPLETED:
        raise StatusForbids(f"video {video_id} is {row['status']}, and not completed")
    return _ref(creator, row)


# What goes with a transcript goes by its foreign keys: parts, segments, chunks, embeddings, quizzes and questions.
_REMOVALS = (
    "DELETE FROM transcripts WHERE creator_id = $1 AND video_id = $2",
    "DELETE FROM artefacts WHERE creator_id = $1 AND video_id = $2",
    "DELETE FROM video_events WHERE creator_id = $1 AND video_id = $2",
    "DELETE FROM dead_letters WHERE creator_id = $1 AND video_id = $2",
    "DELETE FROM uploads WHERE creator_id = $1 AND video_id = $2",
)
# An address may be signed, and then it is a secret; a title is somebody's words.
_TOMBSTONE = """UPDATE videos SET status = 'deleted', epoch = $3, title = 'deleted', object_key = 'deleted', url = NULL,
                                  course_id = NULL, published = false, failure_code = NULL, failure_message = NULL
                WHERE creator_id = $1 AND id = $2"""


def _ref(creator: UUID, row: Record) -> VideoRef:
    return VideoRef(creator_id=creator, video_id=row["id"], epoch=row["epoch"])


async def _editable(connection: Connection, creator: UUID, video_id: UUID) -> EditableVideo:
    sql = """SELECT video.id, video.title, course.title AS course, video.published FROM videos video
             LEFT JOIN courses course ON course.creator_id = video.creator_id AND course.id = video.course_id
             WHERE video.creator_id = $1 AND video.id = $2"""
    row = await connection.fetchrow(sql, creator, video_id)
    assert row is not None, "it is locked"
    return EditableVideo(**row)


async def _edit(connection: Connection, creator: UUID, video_id: UUID, edit: VideoEdit) -> None:
    sql = """UPDATE videos SET title = coalesce($3, title), published = coalesce($4, published),
                               course_id = CASE WHEN $5 THEN $6 ELSE course_id END
             WHERE creator_id = $1 AND id = $2"""
    course = await ensure_course(connection, creator, edit.course)
    moves = "course" in edit.model_fields_set
    await connection.execute(sql, creator, video_id, edit.title, edit.published, moves, course)


async def ensure_course(connection: Connection, creator: UUID, title: str | None) -> UUID | None:
    """The id of the creator's course of this title, made where it is new."""
    if title is None:
        return None
    sql = "INSERT INTO courses (creator_id, id, title) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
    key = course_id(creator, title)
    await connection.execute(sql, creator, key, title)
    return key


async def _resolve_dead_letters(connection: Connection, video: VideoRef) -> None:
    sql = """UPDATE dead_letters SET resolution = 'retried', resolved_at = now()
             WHERE creator_id = $1 AND video_id = $2 AND resolved_at IS NULL"""
    await connection.execute(sql, video.creator_id, video.video_id)


async def _object_keys(connection: Connection, video: VideoRef) -> tuple[str, ...]:
    sql = """SELECT object_key FROM videos WHERE creator_id = $1 AND id = $2 AND object_key IS NOT NULL
             UNION SELECT object_key FROM artefacts WHERE creator_id = $1 AND video_id = $2 ORDER BY 1"""
    rows = await connection.fetch(sql, video.creator_id, video.video_id)
    return tuple(row["object_key"] for row in rows)


async def _upload_ids(connection: Connection, video: VideoRef) -> tuple[UUID, ...]:
    """The video's uploads that are not swept yet: once their rows are gone, no sweeper finds their pieces."""
    sql = "SELECT id FROM uploads WHERE creator_id = $1 AND video_id = $2 ORDER BY id"
    rows = await connection.fetch(sql, video.creator_id, video.video_id)
    return tuple(row["id"] for row in rows)
