"""Watch time: each batch once, an event of analytics for each stretch of it."""

from datetime import datetime
from uuid import UUID

from adapters.postgres.errors import unless_taken_away
from adapters.postgres.pool import Connection, Database
from schemas.callers import Caller
from schemas.errors import IdempotencyKeyReused, VideoNotFound
from schemas.ids import text_sha256, watch_event_id
from schemas.watching import WatchBatch

KIND = "watch"


class WatchLog:
    """Writes as the caller: a student's rows are the student's, about what it may see at this moment."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, caller: Caller, video_id: UUID, batch: WatchBatch, now: datetime) -> bool:
        """Whether this call counted the batch. A creator's own views have no student, and `viewer` says `creator`.

        Idempotent: the batch's row is written first, so a repeat, also one at the same time, counts nothing. Only what
        is new is held to the clock and the video's length: what was counted stays so, however late it comes again.
        Raises: VideoNotFound; RequestInvalid; IdempotencyKeyReused where the batch's id came with other content.
        """
        body = text_sha256(f"{video_id} {batch.model_dump_json()}")
        async with self._database.as_caller(caller) as connection:
            with unless_taken_away(_not_found(video_id)):
                is_new = await _claim(connection, caller, video_id, batch, body)
                duration = await _duration(connection, caller, video_id)
                if not is_new:
                    await _is_the_same(connection, caller, batch, body)
                    return False
                batch.check(duration, now)
                await _insert_events(connection, caller, video_id, batch)
        return True


async def _duration(connection: Connection, caller: Caller, video_id: UUID) -> float | None:
    sql = "SELECT duration_seconds FROM videos WHERE creator_id = $1 AND id = $2"
    row = await connection.fetchrow(sql, caller.creator, video_id)
    if row is None:
        raise _not_found(video_id)
    return None if row["duration_seconds"] is None else float(row["duration_seconds"])


async def _claim(connection: Connection, caller: Caller, video_id: UUID, batch: WatchBatch, body: str) -> bool:
    # A second transaction with the same batch waits here until the first commits or rolls back.
    sql = """INSERT INTO watch_batches (creator_id, viewer_id, id, video_id, body_sha256)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"""
    claimed = await connection.execute(sql, caller.creator, caller.person, batch.batch_id, video_id, body)
    return claimed == "INSERT 0 1"


async def _is_the_same(connection: Connection, caller: Caller, batch: WatchBatch, body: str) -> None:
    sql = "SELECT body_sha256 FROM watch_batches WHERE creator_id = $1 AND viewer_id = $2 AND id = $3"
    if await connection.fetchval(sql, caller.creator, caller.person, batch.batch_id) != body:
        raise IdempotencyKeyReused(f"the batch {batch.batch_id} was sent before with other content")


async def _insert_events(connection: Connection, caller: Caller, video_id: UUID, batch: WatchBatch) -> None:
    sql = """INSERT INTO analytics_events (creator_id, id, at, kind, video_id, student_id, data)
             SELECT $1, id, at, $2, $3, $4,
                    jsonb_build_object('from_second', from_second, 'to_second', to_second, 'viewer', $5::text)
             FROM unnest($6::uuid[], $7::timestamptz[], $8::float8[], $9::float8[])
                  AS watched (id, at, from_second, to_second)"""
    viewer = caller.person
    await connection.execute(
        sql,
        caller.creator,
        KIND,
        video_id,
        caller.student_id,
        str(caller.role),
        [watch_event_id(viewer, batch.batch_id, n) for n in range(len(batch.items))],
        [item.at for item in batch.items],
        [item.from_second for item in batch.items],
        [item.to_second for item in batch.items],
    )


def _not_found(video_id: UUID) -> VideoNotFound:
    return VideoNotFound(f"there is no video {video_id}")
