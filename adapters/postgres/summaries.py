"""Small questions about what was made of a video, for a page that shows all of it."""

from collections.abc import Sequence
from uuid import UUID

from adapters.postgres.pool import Database
from schemas.chunks import Chunk
from schemas.videos import StageProgress

# What was made of a video is what was made of its newest transcript.
_NEWEST = """newest AS (SELECT id FROM transcripts WHERE creator_id = $1 AND video_id = $2
                        ORDER BY created_at DESC LIMIT 1)"""


class VideoSummaries:
    """Counts and lists of one creator's videos."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def chunks(self, creator: UUID, video_id: UUID) -> list[Chunk]:
        """The newest transcript's chunks, in order; none before it is complete."""
        sql = f"""WITH {_NEWEST}
                  SELECT chunk.id, chunk.position, chunk.text, chunk.start_second, chunk.end_second
                  FROM chunks chunk JOIN newest ON chunk.transcript_id = newest.id
                  WHERE chunk.creator_id = $1 ORDER BY chunk.position"""  # noqa: S608 - a constant
        async with self._database.as_creator(creator) as connection:
            return [Chunk(**row) for row in await connection.fetch(sql, creator, video_id)]

    async def chunk_count(self, creator: UUID, video_id: UUID) -> int:
        """How many chunks the newest transcript has."""
        sql = f"""WITH {_NEWEST}
                  SELECT count(*) FROM chunks chunk JOIN newest ON chunk.transcript_id = newest.id
                  WHERE chunk.creator_id = $1"""  # noqa: S608 - a constant
        async with self._database.as_creator(creator) as connection:
            return int(await connection.fetchval(sql, creator, video_id))

    async def embedding_model(self, creator: UUID, video_id: UUID) -> str | None:
        """The model that embedded the newest transcript's chunks, the latest if there were several."""
        sql = f"""WITH {_NEWEST}
                  SELECT embedding.model FROM embeddings embedding
                  JOIN chunks chunk ON chunk.creator_id = embedding.creator_id AND chunk.id = embedding.chunk_id
                  JOIN newest ON chunk.transcript_id = newest.id
                  WHERE embedding.creator_id = $1
                  ORDER BY embedding.created_at DESC LIMIT 1"""  # noqa: S608 - a constant
        async with self._database.as_creator(creator) as connection:
            model: str | None = await connection.fetchval(sql, creator, video_id)
        return model

    async def heard_seconds(self, creator: UUID, video_id: UUID) -> tuple[float, float]:
        """Seconds of the newest transcript's audio that are transcribed, and all of them: parts differ in length."""
        sql = f"""WITH {_NEWEST}
                  SELECT coalesce(sum(end_second - start_second) FILTER (WHERE done_at IS NOT NULL), 0) AS done,
                         coalesce(sum(end_second - start_second), 0) AS total
                  FROM transcript_parts part JOIN newest ON part.transcript_id = newest.id
                  WHERE part.creator_id = $1"""  # noqa: S608 - a constant
        async with self._database.as_creator(creator) as connection:
            row = await connection.fetchrow(sql, creator, video_id)
        assert row is not None, "an aggregate without GROUP BY is always one row"
        return float(row["done"]), float(row["total"])

    async def latest_stages(self, creator: UUID, video_ids: Sequence[UUID]) -> dict[UUID, StageProgress]:
        """The stage that each of these videos last told of; a video that has not begun is left out."""
        sql = """SELECT DISTINCT ON (video_id) video_id, data FROM video_events
                 WHERE creator_id = $1 AND video_id = ANY ($2::uuid[]) AND kind = 'stage'
                 ORDER BY video_id, number DESC"""
        async with self._database.as_creator(creator) as connection:
            rows = await connection.fetch(sql, creator, list(video_ids))
        return {row["video_id"]: StageProgress.model_validate(row["data"]) for row in rows}
