"""Which stored files belong to which video: its source, and the audio cut out of it."""

from collections.abc import Sequence
from uuid import UUID

from adapters.postgres.pool import Connection, Database
from schemas.ids import transcript_id
from schemas.media import ArtefactKind, AudioPart, AudioRef, MediaInfo, SourceRef
from schemas.videos import VideoRef


class PostgresArtefacts:
    """Satisfies the port `ArtefactRepository`. One source and audio a video; the first stands until it is forgotten."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_source(self, video: VideoRef) -> SourceRef | None:
        """The stored source, if the video's bytes have arrived."""
        async with self._database.as_creator(video.creator_id) as connection:
            return await _find_source(connection, video)

    async def save_source(self, video: VideoRef, source: SourceRef) -> SourceRef:
        """Idempotent: the first stored source stands, and is what every call returns.

        Raises: Superseded.
        """
        async with self._database.fenced(video) as connection:
            await _insert(connection, video, ArtefactKind.SOURCE, source.object_key, source.sha256, source.bytes, {})
            stored = await _find_source(connection, video)
        assert stored is not None, "the row was inserted, or was there"
        return stored

    async def find_audio(self, video: VideoRef, speech_model: str) -> AudioRef | None:
        """The stored audio, if its parts are laid out for this speech model."""
        sql = """SELECT artefact.object_key, artefact.sha256, transcript.id, transcript.parts_total,
                        (artefact.details ->> 'duration_seconds')::double precision AS duration_seconds
                 FROM artefacts artefact
                 JOIN transcripts transcript ON transcript.creator_id = artefact.creator_id
                  AND transcript.video_id = artefact.video_id AND transcript.audio_sha256 = artefact.sha256
                 WHERE artefact.creator_id = $1 AND artefact.video_id = $2 AND artefact.kind = 'audio'
                   AND transcript.model = $3"""
        async with self._database.as_creator(video.creator_id) as connection:
            row = await connection.fetchrow(sql, video.creator_id, video.video_id, speech_model)
        if row is None:
            return None
        return AudioRef(
            video=video,
            transcript_id=row["id"],
            object_key=row["object_key"],
            sha256=row["sha256"],
            duration_seconds=row["duration_seconds"],
            parts=row["parts_total"],
        )

    async def save_audio(self, audio: AudioRef, info: MediaInfo, speech_model: str, parts: Sequence[AudioPart]) -> None:
        """Store the artefact, the empty transcript and its parts to be, in one transaction.

        Idempotent: keyed by video, audio checksum, speech model and part number; what is there stays.
        Raises: Superseded.
        """
        assert audio.transcript_id == transcript_id(audio.video.video_id, audio.sha256, speech_model)
        details = {"duration_seconds": audio.duration_seconds, "probe": info.model_dump(mode="json")}
        size = round(audio.duration_seconds * 32_000)
        async with self._database.fenced(audio.video) as connection:
            await _insert(connection, audio.video, ArtefactKind.AUDIO, audio.object_key, audio.sha256, size, details)
            await _insert_transcript(connection, audio, speech_model)
            await _insert_parts(connection, audio, parts)

    async def forget(self, video: VideoRef, key: str) -> None:
        """Let another file take the place of one whose bytes are gone; what was transcribed of it stays.

        Idempotent: what is gone stays gone. Raises: Superseded.
        """
        sql = "DELETE FROM artefacts WHERE creator_id = $1 AND video_id = $2 AND object_key = $3"
        async with self._database.fenced(video) as connection:
            await connection.execute(sql, video.creator_id, video.video_id, key)

    async def unused(self, creator: UUID, keys: Sequence[str]) -> list[str]:
        """Those of the object keys that no video of the creator has."""
        sql = """SELECT key FROM unnest($2::text[]) AS key
                 WHERE NOT EXISTS (SELECT 1 FROM artefacts a WHERE a.creator_id = $1 AND a.object_key = key)
                   AND NOT EXISTS (SELECT 1 FROM videos v WHERE v.creator_id = $1 AND v.object_key = key)"""
        async with self._database.as_creator(creator) as connection:
            return [row["key"] for row in await connection.fetch(sql, creator, list(keys))]


async def _find_source(connection: Connection, video: VideoRef) -> SourceRef | None:
    sql = """SELECT object_key, sha256, bytes FROM artefacts
             WHERE creator_id = $1 AND video_id = $2 AND kind = 'source'"""
    row = await connection.fetchrow(sql, video.creator_id, video.video_id)
    return SourceRef(**row) if row is not None else None


async def _insert(
    connection: Connection,
    video: VideoRef,
    kind: ArtefactKind,
    key: str,
    sha256: str,
    size: int,
    details: dict[str, object],
) -> None:
    sql = """INSERT INTO artefacts (creator_id, video_id, kind, object_key, sha256, bytes, details)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (creator_id, video_id, kind) DO NOTHING"""
    await connection.execute(sql, video.creator_id, video.video_id, str(kind), key, sha256, size, details)


async def _insert_transcript(connection: Connection, audio: AudioRef, speech_model: str) -> None:
    sql = """INSERT INTO transcripts (creator_id, id, video_id, model, audio_sha256, parts_total)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (creator_id, id) DO NOTHING"""
    video = audio.video
    await connection.execute(
        sql, video.creator_id, audio.transcript_id, video.video_id, speech_model, audio.sha256, audio.parts
    )


async def _insert_parts(connection: Connection, audio: AudioRef, parts: Sequence[AudioPart]) -> None:
    sql = """INSERT INTO transcript_parts (creator_id, transcript_id, number, video_id, start_second, end_second)
             SELECT $1, $2, part.number, $3, part.start_second, part.end_second
             FROM unnest($4::integer[], $5::double precision[], $6::double precision[])
               AS part (number, start_second, end_second)
             ON CONFLICT (creator_id, transcript_id, number) DO NOTHING"""
    await connection.execute(
        sql,
        audio.video.creator_id,
        audio.transcript_id,
        audio.video.video_id,
        [part.number for part in parts],
        [part.start_second for part in parts],
        [part.end_second for part in parts],
    )
