"""The library as whoever asks may see it: for a student, what is published while the membership lasts."""

from uuid import UUID

from adapters.postgres.pool import ONE_SNAPSHOT, Connection, Database
from schemas.callers import Caller
from schemas.errors import VideoNotFound
from schemas.library import Place, TranscriptState, VideoCard, VideoFacts
from schemas.videos import VideoChange, VideoStatus

MAX_QUIZZES = 100  # of a video that are named; nobody asks for so many

_CARD = """video.id, video.title, course.title AS course, video.status, video.published, video.duration_seconds,
           video.created_at, video.completed_at"""
_SHELF = """videos video LEFT JOIN courses course
            ON course.creator_id = video.creator_id AND course.id = video.course_id"""


class Library:
    """Reads as the caller; row-level security chooses the rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        caller: Caller,
        limit: int,
        behind: Place | None = None,
        status: VideoStatus | None = None,
        course: str | None = None,
    ) -> list[VideoCard]:
        """At most `limit` videos, the newest first; those of one status or of the course with this title."""
        # `<=` bounds the walk along the index; what is new at the same instant goes by id.
        sql = f"""SELECT {_CARD} FROM {_SHELF}
                  WHERE video.creator_id = $1 AND video.created_at <= coalesce($2::timestamptz, 'infinity')
                    AND ($2::timestamptz IS NULL OR video.created_at < $2 OR video.id > $3)
                    AND ($4::text IS NULL OR video.status = $4) AND ($5::text IS NULL OR course.title = $5)
                  ORDER BY video.created_at DESC, video.id LIMIT $6"""  # noqa: S608 - constants
        at, key = (behind.at, behind.id) if behind is not None else (None, None)
        async with self._database.as_caller(caller) as connection:
            rows = await connection.fetch(sql, caller.creator, at, key, status, course, limit)
        return [VideoCard(**row) for row in rows]

    async def find(self, caller: Caller, video_id: UUID) -> VideoFacts:
        """Everything about one video as it was at one moment, by one statement for each kind of it.

        Raises: VideoNotFound, also for another creator's video, and for a student where it is not published.
        """
        # A student may not read why a video failed: the message may quote the source's address.
        code, message = (
            ("video.failure_code", "video.failure_message") if caller.student_id is None else ("NULL", "NULL")
        )
        sql = f"""SELECT {_CARD}, {code} AS failure_code, {message} AS failure_message FROM {_SHELF}
                  WHERE video.creator_id = $1 AND video.id = $2"""  # noqa: S608 - constants
        creator = caller.creator
        async with self._database.as_caller(caller, ONE_SNAPSHOT) as connection:
            row = await connection.fetchrow(sql, creator, video_id)
            if row is None:
                raise VideoNotFound(f"there is no video {video_id}")
            return VideoFacts(
                card=VideoCard(**row),
                failure_code=row["failure_code"],
                failure_message=row["failure_message"],
                changes=await _changes(connection, creator, video_id),
                transcript=await _transcript(connection, creator, video_id),
                quiz_ids=await _quiz_ids(connection, creator, video_id),
            )


async def _changes(connection: Connection, creator: UUID, video_id: UUID) -> tuple[VideoChange, ...]:
    """Of each stage the last word of each kind, and its first progress in this epoch: the log may have thousands."""
    sql = """WITH told AS MATERIALIZED (
                 SELECT number, epoch, kind, data, at, data ->> 'stage' AS stage, data ->> 'state' AS state
                 FROM video_events WHERE creator_id = $1 AND video_id = $2 AND kind = 'stage'
             ), latest AS (
                 SELECT DISTINCT ON (stage, state) number FROM told ORDER BY stage, state, number DESC
             ), earliest AS (
                 SELECT DISTINCT ON (stage) number FROM told
                 WHERE state = 'progress' AND epoch = (SELECT max(epoch) FROM told) ORDER BY stage, number
             )
             SELECT number, kind, data, at FROM told
             WHERE number IN (SELECT number FROM latest UNION SELECT number FROM earliest) ORDER BY number LIMIT 100"""
    return tuple(VideoChange(**row) for row in await connection.fetch(sql, creator, video_id))


async def _transcript(connection: Connection, creator: UUID, video_id: UUID) -> TranscriptState | None:
    sql = """SELECT id, language, completed_at IS NULL AS is_partial, parts_total,
                    (SELECT count(*) FROM transcript_parts part WHERE part.creator_id = transcript.creator_id
                       AND part.transcript_id = transcript.id AND part.done_at IS NOT NULL) AS parts_done
             FROM transcripts transcript WHERE creator_id = $1 AND video_id = $2
             ORDER BY created_at DESC LIMIT 1"""
    row = await connection.fetchrow(sql, creator, video_id)
    return TranscriptState(**row) if row is not None else None


async def _quiz_ids(connection: Connection, creator: UUID, video_id: UUID) -> tuple[UUID, ...]:
    sql = """SELECT id FROM quizzes WHERE creator_id = $1 AND video_id = $2
             ORDER BY created_at DESC, id LIMIT $3"""
    return tuple(row["id"] for row in await connection.fetch(sql, creator, video_id, MAX_QUIZZES))
