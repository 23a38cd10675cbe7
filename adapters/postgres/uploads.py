"""Uploads and their pieces. There is no lock to be left behind: each piece is a compare-and-set on `received`."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from adapters.postgres.creators import ensure_creator
from adapters.postgres.events import EventInbox, first_answer
from adapters.postgres.pool import Connection, Database
from schemas.errors import NotFound, TooManyUploads, UploadExpired
from schemas.events import UploadCompleted
from schemas.uploads import NewUpload, Upload, UploadPart, event_key

_PARTS_AT_ONCE = 500


class PostgresUploads:
    """What is known of each upload, shared by all gateway processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, new: NewUpload, seconds: float, most_open: int) -> None:
        """Make the upload, which expires so many seconds from now; twice is once.

        Where it became a video before and was forgotten since, it is complete from its beginning: no byte of it is
        taken again, though the video may be deleted by now.
        Raises: TooManyUploads where the creator has `most_open` unfinished ones already; IdempotencyKeyReused where
        that video was made under another title or course, of another kind of file or, by form, of other bytes.
        """
        sql = """INSERT INTO uploads (creator_id, id, length, metadata, title, course, object_key, video_id, received,
                                      expires_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() + $10 * interval '1 second')"""
        columns = (new.creator_id, new.id, new.length, new.metadata, new.title, new.course, new.object_key)
        async with self._database.as_creator(new.creator_id) as connection:
            await ensure_creator(connection, new.creator_id)
            await _lock(connection, new.creator_id)
            if await _is_there(connection, new):
                return
            first = await first_answer(connection, event_key(new.id), _event(new))
            if first is None and await _open(connection, new.creator_id) >= most_open:
                raise TooManyUploads(f"there are {most_open} unfinished uploads, and no more may be begun")
            made = (first.video_id, new.length) if first else (None, 0)
            await connection.execute(sql, *columns, *made, seconds)

    async def find(self, creator: UUID, upload: UUID) -> Upload:
        """Raises: NotFound, also for another creator's upload."""
        sql = """SELECT creator_id, id, length, metadata, title, course, object_key, received, expires_at, video_id,
                        expires_at < now() AS is_expired,
                        coalesce((SELECT max(start) FROM upload_parts p
                                  WHERE p.creator_id = u.creator_id AND p.upload_id = u.id), 0) AS last_start
                 FROM uploads u WHERE creator_id = $1 AND id = $2"""
        async with self._database.as_creator(creator) as connection:
            row = await connection.fetchrow(sql, creator, upload)
        if row is None:
            raise NotFound(f"there is no upload {upload}")
        return Upload(**row)

    async def add(self, upload: Upload, parts: Sequence[UploadPart], seconds: float) -> bool:
        """Acknowledge pieces that lie safe, and give the upload so many seconds more.

        Returns whether this call did: of two writers at one place the row lets the first through and tells the other.
        """
        sql = """UPDATE uploads SET received = $4, expires_at = now() + $5 * interval '1 second'
                 WHERE creator_id = $1 AND id = $2 AND received = $3 AND expires_at > now()"""
        part_sql = """INSERT INTO upload_parts (creator_id, upload_id, start, bytes, object_key)
                      SELECT $1, $2, * FROM unnest($3::bigint[], $4::bigint[], $5::text[])"""
        names = (upload.creator_id, upload.id)
        end = parts[-1].start + parts[-1].bytes
        async with self._database.as_creator(upload.creator_id) as connection:
            if await connection.execute(sql, *names, parts[0].start, end, seconds) != "UPDATE 1":
                return False
            columns = zip(*((part.start, part.bytes, part.object_key) for part in parts), strict=True)
            await connection.execute(part_sql, *names, *map(list, columns))
        return True

    async def parts(self, upload: Upload) -> AsyncIterator[UploadPart]:
        """The acknowledged pieces in their order."""
        sql = """SELECT start, bytes, object_key FROM upload_parts
                 WHERE creator_id = $1 AND upload_id = $2 AND start >= $3 ORDER BY start LIMIT $4"""
        after = 0
        while True:
            async with self._database.as_creator(upload.creator_id) as connection:
                rows = await connection.fetch(sql, upload.creator_id, upload.id, after, _PARTS_AT_ONCE)
            for row in rows:
                yield UploadPart(**row)
            if len(rows) < _PARTS_AT_ONCE:
                return
            after = rows[-1]["start"] + 1

    async def pieces(self, upload: Upload) -> int:
        """How many are acknowledged."""
        sql = "SELECT count(*) FROM upload_parts WHERE creator_id = $1 AND upload_id = $2"
        async with self._database.as_creator(upload.creator_id) as connection:
            return int(await connection.fetchval(sql, upload.creator_id, upload.id))

    async def complete(self, upload: Upload, request_id: str) -> None:
        """Make the video and acknowledge the last byte, in one transaction.

        Idempotent: the row is locked first and the event's key is the upload's, so any number of calls make one video.
        Raises: NotFound, UploadExpired where the upload was ended meanwhile: there is no video then.
        """
        lock = """SELECT video_id, expires_at < now() AS is_expired FROM uploads
                  WHERE creator_id = $1 AND id = $2 FOR UPDATE"""
        mark = "UPDATE uploads SET video_id = $3 WHERE creator_id = $1 AND id = $2"
        forget = "DELETE FROM upload_parts WHERE creator_id = $1 AND upload_id = $2"
        names = (upload.creator_id, upload.id)
        async with self._database.as_creator(upload.creator_id) as connection:
            if (row := await connection.fetchrow(lock, *names)) is None:
                raise NotFound(f"there is no upload {upload.id}")
            if row["video_id"] is not None:
                return
            if row["is_expired"]:
                raise UploadExpired(f"the upload {upload.id} has ended")
            inbox = EventInbox(self._database)
            receipt = await inbox.accept_within(connection, event_key(upload.id), _event(upload), request_id)
            await connection.execute(mark, *names, receipt.answer.video_id)
            await connection.execute(forget, *names)

    async def is_in_use(self, upload: Upload) -> bool:
        """Whether a video has the upload's file."""
        sql = "SELECT EXISTS (SELECT FROM videos WHERE creator_id = $1 AND object_key = $2)"
        async with self._database.as_creator(upload.creator_id) as connection:
            return bool(await connection.fetchval(sql, upload.creator_id, upload.object_key))

    async def end(self, creator: UUID, upload: UUID) -> bool:
        """Have it expired: nothing can be added to it any more, and it cannot become a video.

        Returns whether it had become one. Twice is once. Raises: NotFound.
        """
        # In 1970, and not now: to a transaction that began before this one, now is still to come.
        sql = """UPDATE uploads SET expires_at = 'epoch' WHERE creator_id = $1 AND id = $2
                 RETURNING video_id IS NOT NULL"""
        async with self._database.as_creator(creator) as connection:
            became_video = await connection.fetchval(sql, creator, upload)
        if became_video is None:
            raise NotFound(f"there is no upload {upload}")
        return bool(became_video)

    async def forget(self, creator: UUID, upload: UUID) -> None:
        """Remove what is known of it. Twice is once."""
        sql = "DELETE FROM uploads WHERE creator_id = $1 AND id = $2"
        async with self._database.as_creator(creator) as connection:
            await connection.execute(sql, creator, upload)

    async def expired(self, limit: int = 100) -> list[tuple[UUID, UUID]]:
        """Creators and uploads whose time is over, of the whole installation."""
        sql = "SELECT creator_id, id FROM uploads WHERE expires_at < now() ORDER BY expires_at LIMIT $1"
        async with self._database.as_operator() as connection:
            return [(row["creator_id"], row["id"]) for row in await connection.fetch(sql, limit)]


def _event(new: NewUpload) -> UploadCompleted:
    return UploadCompleted(creator_id=new.creator_id, title=new.title, course=new.course, object_key=new.object_key)


async def _lock(connection: Connection, creator: UUID) -> None:
    """Until the transaction ends: of several that the creator begins at once each counts those before it."""
    await connection.execute("SELECT FROM creators WHERE creator_id = $1 FOR NO KEY UPDATE", creator)


async def _is_there(connection: Connection, new: NewUpload) -> bool:
    sql = "SELECT EXISTS (SELECT FROM uploads WHERE creator_id = $1 AND id = $2)"
    return bool(await connection.fetchval(sql, new.creator_id, new.id))


async def _open(connection: Connection, creator: UUID) -> int:
    sql = "SELECT count(*) FROM uploads WHERE creator_id = $1 AND video_id IS NULL AND expires_at > now()"
    return int(await connection.fetchval(sql, creator))
