"""Transcripts: parts as they come, segments in their order, words inside."""

import asyncio
from collections.abc import Iterable, Sequence
from uuid import UUID

from asyncpg import Record

from adapters.postgres.pool import Connection, Database
from adapters.postgres.usage import settle
from adapters.postgres.video_events import append_change
from schemas.errors import TranscriptNotReady
from schemas.media import AudioPart, AudioPartRef, AudioRef
from schemas.transcripts import PartTranscriptRef, Segment, Transcript, TranscriptRef, Word
from schemas.usage import CallTicket, Usage
from schemas.videos import Stage, VideoRef


class PostgresTranscripts:
    """Satisfies the port `TranscriptRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def part(self, ref: AudioPartRef) -> AudioPart:
        """Where the part lies in its audio."""
        sql = """SELECT number, start_second, end_second FROM transcript_parts
                 WHERE creator_id = $1 AND transcript_id = $2 AND number = $3"""
        creator = ref.audio.video.creator_id
        async with self._database.as_creator(creator) as connection:
            row = await connection.fetchrow(sql, creator, ref.audio.transcript_id, ref.number)
        assert row is not None, "save_audio laid the parts out before any was asked for"
        return AudioPart(**row)

    async def find_part(self, ref: AudioPartRef) -> PartTranscriptRef | None:
        """What is stored of the part, if it was transcribed."""
        async with self._database.as_creator(ref.audio.video.creator_id) as connection:
            return await _find_part(connection, ref)

    async def save_part(
        self, ref: AudioPartRef, language: str, segments: Sequence[Segment], ticket: CallTicket, usage: Usage
    ) -> PartTranscriptRef:
        """Store segments, the part's mark, the log's line and the settled call, in one transaction.

        Idempotent: the first to mark the part stores its segments; whoever comes later settles its own call, stores
        nothing and gets what is stored.
        Raises: Superseded.
        """
        video = ref.audio.video
        words = sum(len(segment.words) for segment in segments)
        async with self._database.fenced(video) as connection:
            await settle(connection, ticket, usage)
            if await _mark_done(connection, ref, language, len(segments), words):
                await _insert_segments(connection, ref, segments)
                await _log_progress(connection, ref)
            stored = await _find_part(connection, ref)
        assert stored is not None, "the part was marked done in this transaction, or before it"
        return stored

    async def complete(self, audio: AudioRef) -> TranscriptRef:
        """Mark the transcript complete, when every part is.

        Idempotent: the time of completion is set once.
        Raises: Superseded; TranscriptNotReady where a part is missing.
        """
        video = audio.video
        async with self._database.fenced(video) as connection:
            totals = await _totals(connection, audio)
            if totals["parts"] != audio.parts:
                raise TranscriptNotReady(f"{audio.parts - totals['parts']} of {audio.parts} parts are not stored yet")
            sql = """UPDATE transcripts SET completed_at = coalesce(completed_at, now()), language = $3
                     WHERE creator_id = $1 AND id = $2"""
            await connection.execute(sql, video.creator_id, audio.transcript_id, totals["language"])
        return TranscriptRef(
            video=video,
            transcript_id=audio.transcript_id,
            language=totals["language"],
            segments=totals["segments"],
            words=totals["words"],
        )

    async def segments(self, video: VideoRef, transcript_id: UUID) -> list[Segment]:
        """Every stored segment, in the order of speech."""
        async with self._database.as_creator(video.creator_id) as connection:
            return await segments_of(connection, video.creator_id, transcript_id)


class TranscriptReader:
    """What a creator may read of a transcript, also while it grows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, creator: UUID, video_id: UUID) -> Transcript:
        """The newest transcript as far as its parts follow each other without a gap.

        Raises: TranscriptNotReady where there is none yet.
        """
        head = """SELECT id, language, model, completed_at IS NOT NULL AS is_complete, parts_total,
                         (SELECT count(*) FROM transcript_parts part WHERE part.creator_id = transcript.creator_id
                            AND part.transcript_id = transcript.id AND part.done_at IS NOT NULL) AS parts_done
                  FROM transcripts transcript WHERE creator_id = $1 AND video_id = $2
                  ORDER BY created_at DESC LIMIT 1"""
        async with self._database.as_creator(creator) as connection:
            row = await connection.fetchrow(head, creator, video_id)
            if row is None:
                raise TranscriptNotReady("nothing of the transcript is stored yet")
            return Transcript(**row, segments=tuple(await segments_of(connection, creator, row["id"])))


async def segments_of(connection: Connection, creator: UUID, transcript_id: UUID) -> list[Segment]:
    """As edited, in the order of speech, up to the first part that is missing: a reader never meets a hole."""
    sql = """SELECT start_second, end_second, coalesce(edited_text, text) AS text,
                    coalesce(edited_words, words) AS words, edited_text IS NOT NULL AS is_edited FROM segments
             WHERE creator_id = $1 AND transcript_id = $2 AND part_number < coalesce(
                 (SELECT min(number) FROM transcript_parts
                  WHERE creator_id = $1 AND transcript_id = $2 AND done_at IS NULL), 2147483647)
             ORDER BY part_number, position"""
    rows = await connection.fetch(sql, creator, transcript_id)
    return await asyncio.to_thread(lambda: [segment_of(row) for row in rows])  # of four hours 36,000 words


def segment_of(row: Record) -> Segment:
    """A row's segment, its words with their times."""
    words = tuple(Word(start=w[0], end=w[1], text=w[2], probability=w[3]) for w in row["words"])
    return Segment(
        start=row["start_second"], end=row["end_second"], text=row["text"], words=words, is_edited=row["is_edited"]
    )


def packed(words: Iterable[Word]) -> list[list[object]]:
    """Words as a row keeps them."""
    return [[word.start, word.end, word.text, word.probability] for word in words]


async def _find_part(connection: Connection, ref: AudioPartRef) -> PartTranscriptRef | None:
    sql = """SELECT transcript_id, number, segments, words FROM transcript_parts
             WHERE creator_id = $1 AND transcript_id = $2 AND number = $3 AND done_at IS NOT NULL"""
    row = await connection.fetchrow(sql, ref.audio.video.creator_id, ref.audio.transcript_id, ref.number)
    return PartTranscriptRef(**row) if row is not None else None


async def _mark_done(connection: Connection, ref: AudioPartRef, language: str, segments: int, words: int) -> bool:
    sql = """UPDATE transcript_parts SET done_at = now(), language = $4, segments = $5, words = $6
             WHERE creator_id = $1 AND transcript_id = $2 AND number = $3 AND done_at IS NULL"""
    audio = ref.audio
    done = await connection.execute(
        sql, audio.video.creator_id, audio.transcript_id, ref.number, language, segments, words
    )
    return done == "UPDATE 1"


async def _insert_segments(connection: Connection, ref: AudioPartRef, segments: Sequence[Segment]) -> None:
    sql = """INSERT INTO segments
                 (creator_id, transcript_id, part_number, position, video_id, start_second, end_second, text, words)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""
    audio = ref.audio
    rows = [
        (
            audio.video.creator_id,
            audio.transcript_id,
            ref.number,
            position,
            audio.video.video_id,
            segment.start,
            segment.end,
            segment.text,
            packed(segment.words),
        )
        for position, segment in enumerate(segments)
    ]
    await connection.executemany(sql, rows)


async def _log_progress(connection: Connection, ref: AudioPartRef) -> None:
    sql = """SELECT count(*) FROM transcript_parts
             WHERE creator_id = $1 AND transcript_id = $2 AND done_at IS NOT NULL"""
    audio = ref.audio
    done = await connection.fetchval(sql, audio.video.creator_id, audio.transcript_id)
    data = {"stage": str(Stage.TRANSCRIPT), "state": "progress", "done": done, "total": audio.parts, "unit": "parts"}
    await append_change(connection, audio.video, "stage", f"transcript:part:{ref.number}", data)


async def _totals(connection: Connection, audio: AudioRef) -> Record:
    sql = """SELECT count(*) AS parts, coalesce(sum(segments), 0)::integer AS segments,
                    coalesce(sum(words), 0)::integer AS words,
                    coalesce(mode() WITHIN GROUP (ORDER BY language) FILTER (WHERE words > 0), 'und') AS language
             FROM transcript_parts WHERE creator_id = $1 AND transcript_id = $2 AND done_at IS NOT NULL"""
    row = await connection.fetchrow(sql, audio.video.creator_id, audio.transcript_id)
    assert row is not None, "an aggregate without GROUP BY is always one row"
    return row
