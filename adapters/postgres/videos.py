"""Videos: their state, their stages, their end."""

from uuid import UUID, uuid5

from adapters.postgres.pool import Database
from adapters.postgres.video_events import append_change
from schemas.errors import Superseded, VideoNotFound
from schemas.videos import Stage, Video, VideoRef, VideoSource


class PostgresVideos:
    """Satisfies the port `VideoRepository`; every write is fenced by the video's epoch."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def source(self, video: VideoRef) -> VideoSource:
        """Raises: VideoNotFound."""
        sql = "SELECT title, object_key, url FROM videos WHERE creator_id = $1 AND id = $2"
        async with self._database.as_creator(video.creator_id) as connection:
            row = await connection.fetchrow(sql, video.creator_id, video.video_id)
        if row is None:
            raise VideoNotFound(f"there is no video {video.video_id}")
        return VideoSource(title=row["title"], object_key=row["object_key"], url=row["url"])

    async def begin(self, video: VideoRef) -> None:
        """Idempotent: a repeat finds the video processing already.

        Raises: Superseded, also where the video has ended.
        """
        sql = """UPDATE videos SET status = 'processing', started_at = coalesce(started_at, now())
                 WHERE creator_id = $1 AND id = $2 AND epoch = $3 AND status IN ('queued', 'processing')"""
        async with self._database.fenced(video) as connection:
            if await connection.execute(sql, video.creator_id, video.video_id, video.epoch) != "UPDATE 1":
                raise Superseded(f"video {video.video_id} has ended already")
            await append_change(connection, video, "status", "status:processing", {"status": "processing"})

    async def complete(self, video: VideoRef, duration_seconds: float) -> None:
        """Idempotent: a repeat changes nothing, the status guards the statement.

        Raises: Superseded.
        """
        sql = """UPDATE videos SET status = 'completed', completed_at = now(), duration_seconds = $4
                 WHERE creator_id = $1 AND id = $2 AND epoch = $3 AND status = 'processing'"""
        async with self._database.fenced(video) as connection:
            await connection.execute(sql, video.creator_id, video.video_id, video.epoch, duration_seconds)
            await append_change(connection, video, "status", "status:completed", {"status": "completed"})

    async def fail(self, video: VideoRef, step: str, code: str, message: str, workflow_id: str, attempts: int) -> None:
        """Mark failed and leave a dead letter, in one transaction.

        Idempotent: the dead letter's key is the video and its epoch; the first reason stands.
        Raises: Superseded.
        """
        mark = """UPDATE videos SET status = 'failed', failure_code = $4, failure_message = $5
                  WHERE creator_id = $1 AND id = $2 AND epoch = $3 AND status IN ('queued', 'processing')"""
        letter = """INSERT INTO dead_letters
                        (creator_id, id, video_id, epoch, workflow_id, step, code, message, attempts)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING"""
        async with self._database.fenced(video) as connection:
            ended = await connection.execute(mark, video.creator_id, video.video_id, video.epoch, code, message)
            if ended != "UPDATE 1":
                return
            key = uuid5(video.video_id, f"dead-letter/{video.epoch}")
            await connection.execute(
                letter, video.creator_id, key, video.video_id, video.epoch, workflow_id, step, code, message, attempts
            )
            data = {"status": "failed", "code": code}  # students follow the log, and a message may quote an address
            await append_change(connection, video, "status", "status:failed", data)

    async def cancel(self, video: VideoRef) -> None:
        """Mark cancelled and end the epoch, so that no step still running can write.

        Idempotent: the epoch in the statement lets one call through; a repeat is Superseded, which is what it wanted.
        """
        sql = """UPDATE videos SET status = 'cancelled', epoch = epoch + 1
                 WHERE creator_id = $1 AND id = $2 AND epoch = $3 AND status IN ('queued', 'processing')"""
        async with self._database.fenced(video) as connection:
            if await connection.execute(sql, video.creator_id, video.video_id, video.epoch) == "UPDATE 1":
                await append_change(connection, video, "status", "status:cancelled", {"status": "cancelled"})

    async def start_stage(self, video: VideoRef, stage: Stage, total: float, unit: str) -> None:
        """Log that a stage began, once an epoch."""
        await self._log_stage(video, stage, "started", f"{stage}:started", 0, total, unit)

    async def advance_stage(self, video: VideoRef, stage: Stage, done: float, total: float, unit: str) -> None:
        """Log how far a stage is, once per distinct `done`."""
        await self._log_stage(video, stage, "progress", f"{stage}:{done:g}", done, total, unit)

    async def finish_stage(self, video: VideoRef, stage: Stage, done: float, unit: str) -> None:
        """Log that a stage ended, once an epoch."""
        await self._log_stage(video, stage, "finished", f"{stage}:finished", done, done, unit)

    async def _log_stage(
        self, video: VideoRef, stage: Stage, state: str, mark: str, done: float, total: float, unit: str
    ) -> None:
        data = {"stage": str(stage), "state": state, "done": done, "total": total, "unit": unit}
        async with self._database.fenced(video) as connection:
            await append_change(connection, video, "stage", mark, data)


_COLUMNS = """creator_id, id, epoch, title, status, coalesce(object_key, url) AS source, duration_seconds,
              failure_code, failure_message, workflow_id, created_at, started_at, completed_at"""


class VideoReader:
    """What a creator may ask about the videos."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, creator: UUID, video_id: UUID) -> Video:
        """Raises: VideoNotFound, also for another creator's video."""
        sql = f"SELECT {_COLUMNS} FROM videos WHERE creator_id = $1 AND id = $2"  # noqa: S608 - a constant
        async with self._database.as_creator(creator) as connection:
            row = await connection.fetchrow(sql, creator, video_id)
        if row is None:
            raise VideoNotFound(f"there is no video {video_id}")
        return Video(**row)

    async def newest(self, creator: UUID, limit: int = 20) -> list[Video]:
        """The newest videos first."""
        sql = f"""SELECT {_COLUMNS} FROM videos WHERE creator_id = $1
                  ORDER BY created_at DESC, id LIMIT $2"""  # noqa: S608 - a constant
        async with self._database.as_creator(creator) as connection:
            return [Video(**row) for row in await connection.fetch(sql, creator, limit)]

    async def starting_with(self, creator: UUID, prefix: str) -> list[Video]:
        """Videos whose id begins with `prefix` (a person types the first digits), two at most."""
        sql = f"""SELECT {_COLUMNS} FROM videos WHERE creator_id = $1 AND starts_with(id::text, $2)
                  ORDER BY id LIMIT 2"""  # noqa: S608 - a constant
        async with self._database.as_creator(creator) as connection:
            return [Video(**row) for row in await connection.fetch(sql, creator, prefix.lower())]
