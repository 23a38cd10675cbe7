"""What must hold of a completed video, whatever was killed on its way."""

from typing import Any

from schemas.ids import chunk_id
from tests.chaos.home import RunningHome

# Each statement counts what must not be.
_NEVER = {
    "a part that is not done": "SELECT count(*) FROM transcript_parts WHERE done_at IS NULL",
    "a part whose segments are lost or doubled": """
        SELECT count(*) FROM transcript_parts part WHERE part.segments <> (
            SELECT count(*) FROM segments s WHERE (s.creator_id, s.transcript_id, s.part_number)
                                                = (part.creator_id, part.transcript_id, part.number))""",
    "a part whose segments are not numbered through": """
        SELECT count(*) FROM (SELECT 1 FROM segments GROUP BY creator_id, transcript_id, part_number
                              HAVING max(position) + 1 <> count(*) OR count(DISTINCT position) <> count(*)) broken""",
    "a gap or an overlap between parts": """
        SELECT count(*) FROM transcript_parts a JOIN transcript_parts b ON b.transcript_id = a.transcript_id
          AND b.number = a.number + 1 WHERE b.start_second <> a.end_second""",
    "a segment that is spoken twice": """
        SELECT count(*) FROM (SELECT 1 FROM segments GROUP BY transcript_id, start_second, text
                              HAVING count(*) > 1) doubled""",
    "chunks that are not numbered through": """
        SELECT count(*) FROM (SELECT 1 FROM chunks GROUP BY creator_id, transcript_id
                              HAVING max(position) + 1 <> count(*)) broken""",
    "a chunk without exactly one vector": """
        SELECT count(*) FROM chunks WHERE 1 <> (SELECT count(*) FROM embeddings e WHERE e.chunk_id = chunks.id)""",
    "a vector without a chunk": """
        SELECT count(*) FROM embeddings e WHERE NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.id = e.chunk_id)""",
    "a question that is asked twice": """
        SELECT count(*) FROM (SELECT 1 FROM questions GROUP BY quiz_id, stem HAVING count(*) > 1) doubled""",
    "questions that are not numbered through": """
        SELECT count(*) FROM (SELECT 1 FROM questions GROUP BY quiz_id HAVING max(position) + 1 <> count(*)) broken""",
    "a call of a model for a part that was stored already": """
        SELECT count(*) FROM usage_ledger call JOIN transcript_parts part
            ON call.ask = 'transcribe/' || part.transcript_id || '/' || part.number
        WHERE call.reserved_at > part.done_at""",
    "a stored part whose call is not settled": """
        SELECT count(*) FROM transcript_parts part WHERE NOT EXISTS (
            SELECT 1 FROM usage_ledger call WHERE call.settled_at IS NOT NULL
              AND call.ask = 'transcribe/' || part.transcript_id || '/' || part.number)""",
    "a change that is logged twice": """
        SELECT count(*) FROM (SELECT 1 FROM video_events GROUP BY video_id, epoch, mark HAVING count(*) > 1) doubled""",
    "a change that is lost": """
        SELECT count(*) FROM videos WHERE last_change_number <> (
            SELECT count(*) FROM video_events change WHERE change.video_id = videos.id)""",
    "a dead letter": "SELECT count(*) FROM dead_letters",
    "an order that was not carried out": "SELECT count(*) FROM outbox WHERE dispatched_at IS NULL",
    "more or less than one video": "SELECT count(*) - 1 FROM videos",
    "more or less than one transcript": "SELECT count(*) - 1 FROM transcripts",
    "more or less than one quiz": "SELECT count(*) - 1 FROM quizzes",
}


async def broken(home: RunningHome) -> list[str]:
    """The names of the invariants that do not hold."""
    found = [name for name, sql in _NEVER.items() if (await home.rows(sql))[0][0] != 0]
    for row in await home.rows("SELECT id, transcript_id, position, text FROM chunks"):
        if row["id"] != chunk_id(row["transcript_id"], row["position"], row["text"]):
            found.append(f"chunk {row['position']} does not have the id of its text")
    return found


async def content(home: RunningHome) -> dict[str, Any]:
    """Everything that was made, without the ids and times that differ between two homes."""
    queries = {
        "segments": """SELECT part_number, position, start_second, end_second, text, words::text
                       FROM segments ORDER BY part_number, position""",
        "chunks": "SELECT position, text, start_second, end_second FROM chunks ORDER BY position",
        "questions": """SELECT position, stem, options, answer_index, quotation, start_second
                        FROM questions ORDER BY position""",
    }
    return {name: [tuple(row) for row in await home.rows(sql)] for name, sql in queries.items()}
