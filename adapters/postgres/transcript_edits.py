"""Edits of a transcript: beside what was heard, and the chunks that follow from them, swapped in one go."""

import asyncio
import json
from collections.abc import Sequence
from uuid import UUID

from adapters.postgres.chunks import insert_vectors, replace_chunks
from adapters.postgres.outbox import add_order
from adapters.postgres.pool import Connection, Database
from adapters.postgres.transcripts import packed, segment_of, segments_of
from adapters.postgres.usage import settle
from adapters.postgres.video_changes import completed_video
from schemas.chunks import Chunk
from schemas.errors import SegmentNotFound, StatusForbids
from schemas.events import EventAnswer, TranscriptEdited
from schemas.ids import edit_transcript_workflow_id
from schemas.orders import OrderKind
from schemas.transcripts import Segment, TranscriptEdit
from schemas.usage import CallTicket, Usage
from schemas.words import plain_text, reworded


async def edit_transcript(connection: Connection, event: TranscriptEdited, request_id: str) -> EventAnswer:
    """Write the edits beside the heard segments, and order that search follows.

    Idempotent: the caller's idempotency key. Raises: VideoNotFound; StatusForbids; SegmentNotFound;
    RequestInvalid where a text is much longer than what was heard.
    """
    video = await completed_video(connection, event.creator, event.video_id)
    transcript = await newest_transcript(connection, event.creator, event.video_id)
    await _edit_segments(connection, event, transcript)
    sql = "UPDATE transcripts SET edition = edition + 1 WHERE creator_id = $1 AND id = $2 RETURNING edition"
    edition = await connection.fetchval(sql, event.creator, transcript)
    payload = TranscriptEdit(video=video, transcript_id=transcript, edition=edition)
    story = edit_transcript_workflow_id(event.creator, transcript, edition)
    await add_order(connection, OrderKind.EDIT_TRANSCRIPT, video, story, payload, request_id)
    return EventAnswer(event=event.type, video_id=event.video_id, workflow_id=story)


async def newest_transcript(connection: Connection, creator: UUID, video_id: UUID) -> UUID:
    """The completed transcript that everything was made of. Raises: StatusForbids where there is none."""
    sql = """SELECT id FROM transcripts WHERE creator_id = $1 AND video_id = $2 AND completed_at IS NOT NULL
             ORDER BY created_at DESC LIMIT 1"""
    key: UUID | None = await connection.fetchval(sql, creator, video_id)
    if key is None:
        raise StatusForbids(f"video {video_id} has no complete transcript")
    return key


async def _edit_segments(connection: Connection, event: TranscriptEdited, transcript: UUID) -> None:
    find = """SELECT * FROM (
                  SELECT part_number, position, start_second, end_second, text, words, false AS is_edited,
                         length(coalesce(edited_text, text)) AS before, sum(length(text)) OVER () AS heard,
                         sum(length(coalesce(edited_text, text))) OVER () AS edited,
                         row_number() OVER (ORDER BY part_number, position) - 1 AS number
                  FROM segments WHERE creator_id = $1 AND transcript_id = $2) numbered
              WHERE number = ANY ($3::bigint[])"""
    write = """UPDATE segments SET edited_text = $5, edited_words = $6::text::jsonb
               WHERE creator_id = $1 AND transcript_id = $2 AND part_number = $3 AND position = $4"""
    edits = {edit.number: edit.text for edit in event.segments}
    rows = await connection.fetch(find, event.creator, transcript, list(edits))
    if missing := edits.keys() - {row["number"] for row in rows}:
        raise SegmentNotFound(f"the transcript has no segment {min(missing)}")
    whole = rows[0]["edited"] + sum(map(len, edits.values())) - sum(row["before"] for row in rows)
    event.check({row["number"]: row["text"] for row in rows}, rows[0]["heard"], whole)
    places = [(event.creator, transcript, row["part_number"], row["position"]) for row in rows]
    # In a thread, for a thousand segments take seconds; nobody but another writer of this video waits for its lock.
    edited = await asyncio.to_thread(lambda: [_edited(segment_of(row), edits[row["number"]]) for row in rows])
    await connection.executemany(write, [(*place, *edit) for place, edit in zip(places, edited, strict=True)])


def _edited(heard: Segment, text: str) -> tuple[str | None, str | None]:
    """The text, and its words as JSON; nothing where the text is what was heard."""
    return (None, None) if text == plain_text(heard.text) else (text, json.dumps(packed(reworded(text, heard))))


class PostgresTranscriptEdits:
    """Satisfies the port `TranscriptEditRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def segments(self, edit: TranscriptEdit) -> list[Segment] | None:
        """Every segment as this edit left it, or None where a later edit has come, whose work includes this."""
        creator = edit.video.creator_id
        async with self._database.as_creator(creator) as connection:
            if not await _is_newest(connection, edit):
                return None
            return await segments_of(connection, creator, edit.transcript_id)

    async def without_vector(self, edit: TranscriptEdit, chunks: Sequence[Chunk], model: str) -> list[Chunk]:
        """Those of the chunks, stored or not, that have no vector by `model` yet."""
        sql = "SELECT chunk_id FROM embeddings WHERE creator_id = $1 AND model = $2 AND chunk_id = ANY ($3::uuid[])"
        creator = edit.video.creator_id
        async with self._database.as_creator(creator) as connection:
            rows = await connection.fetch(sql, creator, model, [chunk.id for chunk in chunks])
        known = {row["chunk_id"] for row in rows}
        return [chunk for chunk in chunks if chunk.id not in known]

    async def replace(
        self,
        edit: TranscriptEdit,
        chunks: Sequence[Chunk],
        model: str,
        vectors: Sequence[tuple[UUID, Sequence[float]]],
        calls: Sequence[tuple[CallTicket, Usage]],
    ) -> None:
        """Make these the transcript's chunks, with their vectors, and settle the calls: all in one transaction.

        Idempotent: chunks and vectors that are there stay. Where a later edit has come, only the calls are settled.
        Raises: Superseded.
        """
        async with self._database.fenced(edit.video) as connection:
            for ticket, usage in calls:
                await settle(connection, ticket, usage)
            if await _is_newest(connection, edit):
                await replace_chunks(connection, edit.video, edit.transcript_id, chunks)
                await insert_vectors(connection, edit.video, model, vectors)


async def _is_newest(connection: Connection, edit: TranscriptEdit) -> bool:
    # Edits lock the video first, as the fence does: inside it nobody can edit until the transaction ends.
    sql = "SELECT 1 FROM transcripts WHERE creator_id = $1 AND id = $2 AND edition = $3"
    found = await connection.fetchval(sql, edit.video.creator_id, edit.transcript_id, edit.edition)
    return found is not None
