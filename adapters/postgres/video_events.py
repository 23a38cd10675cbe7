"""The numbered changes of a video: what a client follows, and resumes by the last number it saw."""

from collections.abc import Collection, Mapping
from uuid import UUID

from adapters.postgres.pool import Connection, Database
from schemas.callers import Caller
from schemas.errors import VideoNotFound
from schemas.videos import VideoChange, VideoRef, VideoStanding


async def append_change(
    connection: Connection, video: VideoRef, kind: str, mark: str, data: Mapping[str, object]
) -> None:
    """Add a line to the video's change log, inside the transaction that made the change.

    Numbers grow with commits: the video's row is locked from its number's making to the transaction's end, so that
    nobody who has seen number n can later meet a smaller one. `mark` names the change within the epoch; a repeated
    step writes it once.
    """
    sql = """WITH fresh AS (
                 SELECT 1 WHERE NOT EXISTS (
                     SELECT 1 FROM video_events
                     WHERE creator_id = $1 AND video_id = $2 AND epoch = $3 AND mark = $5)
             ), numbered AS (
                 UPDATE videos SET last_change_number = last_change_number + 1
                 WHERE creator_id = $1 AND id = $2 AND EXISTS (SELECT 1 FROM fresh)
                 RETURNING last_change_number
             )
             INSERT INTO video_events (creator_id, video_id, number, epoch, kind, mark, data)
             SELECT $1, $2, last_change_number, $3, $4, $5, $6 FROM numbered"""
    await connection.execute(sql, video.creator_id, video.video_id, video.epoch, kind, mark, dict(data))


class VideoChanges:
    """Reads the change log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def after(self, creator: UUID, video_id: UUID, number: int, limit: int = 500) -> list[VideoChange]:
        """The changes after `number`, in order; 0 asks from the beginning."""
        sql = """SELECT number, kind, data, at FROM video_events
                 WHERE creator_id = $1 AND video_id = $2 AND number > $3 ORDER BY number LIMIT $4"""
        async with self._database.as_creator(creator) as connection:
            return [VideoChange(**row) for row in await connection.fetch(sql, creator, video_id, number, limit)]

    async def standing(self, caller: Caller, video_id: UUID) -> VideoStanding:
        """Where a video stands that the caller may follow. Raises: VideoNotFound."""
        sql = """SELECT status, last_change_number AS number FROM videos WHERE creator_id = $1 AND id = $2"""
        async with self._database.as_caller(caller) as connection:
            row = await connection.fetchrow(sql, caller.creator, video_id)
        if row is None:
            raise VideoNotFound(f"there is no video {video_id}")
        return VideoStanding(**row)

    async def numbers(self, videos: Collection[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], int]:
        """The last change's number of each of these (creator, video), by one statement; without those that are gone."""
        sql = """SELECT creator_id, id, last_change_number FROM videos
                 JOIN unnest($1::uuid[], $2::uuid[]) AS followed (creator_id, id) USING (creator_id, id)
                 WHERE status <> 'deleted'"""
        creators, ids = [creator for creator, _ in videos], [video for _, video in videos]
        async with self._database.as_operator() as connection:
            rows = await connection.fetch(sql, creators, ids)
        return {(row["creator_id"], row["id"]): row["last_change_number"] for row in rows}
