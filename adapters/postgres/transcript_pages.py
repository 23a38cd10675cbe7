"""Transcripts as whoever asks may read them: in pages for a player, whole for captions."""

from uuid import UUID

from adapters.postgres.pool import Database
from adapters.postgres.transcripts import segments_of
from schemas.callers import Caller
from schemas.errors import TranscriptNotReady, VideoNotFound
from schemas.transcripts import PlacedSegment, Segment, SegmentPlace, TranscriptHead


class TranscriptPages:
    """The head is read as the caller, whom the database shows it or does not; what it heads then as its creator.

    So what is remembered for many never lacks what was hidden from one of them meanwhile.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def head(self, caller: Caller, video_id: UUID) -> TranscriptHead:
        """The newest transcript of the video, without its words.

        Raises: VideoNotFound; TranscriptNotReady where nothing is transcribed yet.
        """
        sql = """SELECT newest.*, (SELECT count(*) FROM transcript_parts part WHERE part.creator_id = $1
                                     AND part.transcript_id = newest.id AND part.done_at IS NOT NULL) AS parts_done
                 FROM videos video
                 LEFT JOIN LATERAL (
                     SELECT id, edition, language, model, completed_at IS NOT NULL AS is_complete, parts_total
                     FROM transcripts WHERE creator_id = $1 AND video_id = video.id ORDER BY created_at DESC LIMIT 1
                 ) newest ON true
                 WHERE video.creator_id = $1 AND video.id = $2"""
        async with self._database.as_caller(caller) as connection:
            row = await connection.fetchrow(sql, caller.creator, video_id)
        if row is None:
            raise VideoNotFound(f"there is no video {video_id}")
        if not row["parts_done"]:
            raise TranscriptNotReady("nothing of the transcript is stored yet")
        return TranscriptHead(**row)

    async def page(
        self, creator: UUID, transcript_id: UUID, limit: int, behind: SegmentPlace | None, from_second: float
    ) -> list[PlacedSegment]:
        """At most `limit` segments that begin at `from_second` or later, up to the first part that is missing."""
        sql = """SELECT * FROM (
                     SELECT row_number() OVER (ORDER BY part_number, position) - 1 AS number, part_number, position,
                            start_second AS start, end_second AS end, coalesce(edited_text, text) AS text,
                            edited_text IS NOT NULL AS is_edited
                     FROM segments
                     WHERE creator_id = $1 AND transcript_id = $2 AND part_number < coalesce(
                       (SELECT min(number) FROM transcript_parts
                        WHERE creator_id = $1 AND transcript_id = $2 AND done_at IS NULL), 2147483647)
                 ) numbered
                 WHERE (part_number, position) > ($3, $4) AND start >= $5 ORDER BY number LIMIT $6"""
        part, position = (behind.part_number, behind.position) if behind is not None else (-1, -1)
        async with self._database.as_creator(creator) as connection:
            rows = await connection.fetch(sql, creator, transcript_id, part, position, from_second, limit)
        return [PlacedSegment(**row) for row in rows]

    async def segments(self, creator: UUID, transcript_id: UUID) -> list[Segment]:
        """All that is stored up to the first part that is missing, with its words: of four hours 36,000."""
        async with self._database.as_creator(creator) as connection:
            return await segments_of(connection, creator, transcript_id)
