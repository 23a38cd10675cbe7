"""Which stored file a caller may play."""

from uuid import UUID

from adapters.postgres.pool import Database
from schemas.base import Frozen
from schemas.callers import Caller
from schemas.errors import NotFound, VideoNotFound


class MediaFile(Frozen):
    """A video's own file. `container` is as a probe named it, once there was one."""

    creator_id: UUID
    video_id: UUID
    object_key: str
    container: str | None


class MediaFiles:
    """Looked up in two steps: whether the caller sees the video, then, as its creator, where its bytes lie."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, caller: Caller, video: UUID) -> MediaFile:
        """Raises: VideoNotFound, also for what this caller may not see; NotFound while no bytes are here."""
        seen = "SELECT 1 FROM videos WHERE creator_id = $1 AND id = $2"
        # A student's role cannot read the columns of sources: an address may be signed, and then it is a secret.
        sql = """SELECT coalesce(s.object_key, v.object_key) AS object_key,
                        a.details -> 'probe' ->> 'container' AS container
                 FROM videos v
                 LEFT JOIN artefacts s ON s.creator_id = v.creator_id AND s.video_id = v.id AND s.kind = 'source'
                 LEFT JOIN artefacts a ON a.creator_id = v.creator_id AND a.video_id = v.id AND a.kind = 'audio'
                 WHERE v.creator_id = $1 AND v.id = $2"""
        async with self._database.as_caller(caller) as connection:
            if await connection.fetchval(seen, caller.creator, video) is None:
                raise VideoNotFound(f"there is no video {video}")
        async with self._database.as_creator(caller.creator) as connection:
            row = await connection.fetchrow(sql, caller.creator, video)
        # Whoever sent the event chose the key: another creator's must look as if nothing were there.
        if row is None or row["object_key"] is None or not row["object_key"].startswith(f"{caller.creator}/"):
            raise NotFound("the video has no file that can be played yet")
        return MediaFile(creator_id=caller.creator, video_id=video, **row)
