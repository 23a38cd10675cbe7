"""Chunks and their embeddings: what search reads."""

from collections.abc import Sequence
from uuid import UUID

from adapters.postgres.pool import Connection, Database
from adapters.postgres.usage import settle
from schemas.chunks import Chunk
from schemas.usage import CallTicket, Usage
from schemas.videos import VideoRef


class PostgresChunks:
    """Satisfies the port `ChunkRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def replace(self, video: VideoRef, transcript_id: UUID, chunks: Sequence[Chunk]) -> None:
        """Make these the transcript's chunks: the whole set, in one transaction.

        Idempotent: a chunk's id derives from its place and text; those that are there stay, with their embeddings.
        Raises: Superseded.
        """
        async with self._database.fenced(video) as connection:
            await replace_chunks(connection, video, transcript_id, chunks)

    async def without_embedding(self, video: VideoRef, transcript_id: UUID, model: str, limit: int) -> list[Chunk]:
        """The first `limit` chunks that have no vector by `model` yet, in order."""
        sql = """SELECT id, position, text, start_second, end_second FROM chunks chunk
                 WHERE creator_id = $1 AND transcript_id = $2 AND NOT EXISTS (
                     SELECT 1 FROM embeddings e
                     WHERE e.creator_id = chunk.creator_id AND e.chunk_id = chunk.id AND e.model = $3)
                 ORDER BY position LIMIT $4"""
        async with self._database.as_creator(video.creator_id) as connection:
            rows = await connection.fetch(sql, video.creator_id, transcript_id, model, limit)
        return [Chunk(**row) for row in rows]

    async def count(self, video: VideoRef, transcript_id: UUID) -> int:
        """How many chunks the transcript has."""
        async with self._database.as_creator(video.creator_id) as connection:
            return int(await connection.fetchval(_COUNT, video.creator_id, transcript_id))


class PostgresEmbeddings:
    """Satisfies the port `EmbeddingRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(
        self,
        video: VideoRef,
        model: str,
        vectors: Sequence[tuple[UUID, Sequence[float]]],
        ticket: CallTicket | None,
        usage: Usage,
    ) -> None:
        """Store the vectors and settle the call that made them, in one transaction.

        Idempotent: keyed by chunk and model; what is there stays. A chunk that an edit took away meanwhile is skipped.
        Raises: Superseded.
        """
        async with self._database.fenced(video) as connection:
            if ticket is not None:
                await settle(connection, ticket, usage)
            await insert_vectors(connection, video, model, vectors)

    async def count(self, video: VideoRef, transcript_id: UUID, model: str) -> int:
        """How many of the transcript's chunks have a vector by `model`."""
        sql = """SELECT count(*) FROM embeddings e
                 JOIN chunks chunk ON chunk.creator_id = e.creator_id AND chunk.id = e.chunk_id
                 WHERE e.creator_id = $1 AND chunk.transcript_id = $2 AND e.model = $3"""
        async with self._database.as_creator(video.creator_id) as connection:
            return int(await connection.fetchval(sql, video.creator_id, transcript_id, model))


async def replace_chunks(connection: Connection, video: VideoRef, transcript_id: UUID, chunks: Sequence[Chunk]) -> None:
    """Make these the transcript's chunks; those that are there stay. In a fenced transaction."""
    drop = "DELETE FROM chunks WHERE creator_id = $1 AND transcript_id = $2 AND id <> ALL ($3::uuid[])"
    add = """INSERT INTO chunks (creator_id, transcript_id, video_id,
                                 id, position, text, start_second, end_second, sentences)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (creator_id, id) DO NOTHING"""
    rows = [(video.creator_id, transcript_id, video.video_id, *_columns(chunk)) for chunk in chunks]
    await connection.execute(drop, video.creator_id, transcript_id, [chunk.id for chunk in chunks])
    await connection.executemany(add, rows)
    stored = await connection.fetchval(_COUNT, video.creator_id, transcript_id)
    assert stored == len(chunks), "row-level security would hide another creator's rows, not our own"


async def insert_vectors(
    connection: Connection, video: VideoRef, model: str, vectors: Sequence[tuple[UUID, Sequence[float]]]
) -> None:
    """Give chunks their vectors; a chunk that is not there is skipped. In a fenced transaction."""
    sql = """INSERT INTO embeddings (creator_id, chunk_id, model, video_id, embedding)
             SELECT $1, chunk.id, $3, $4, $5 FROM chunks chunk WHERE chunk.creator_id = $1 AND chunk.id = $2
             ON CONFLICT (creator_id, chunk_id, model) DO NOTHING"""
    rows = [(video.creator_id, chunk, model, video.video_id, list(vector)) for chunk, vector in vectors]
    await connection.executemany(sql, rows)


def _columns(chunk: Chunk) -> tuple[object, ...]:
    sentences = [[sentence.start_second, sentence.end_second, sentence.text] for sentence in chunk.sentences]
    return chunk.id, chunk.position, chunk.text, chunk.start_second, chunk.end_second, sentences


_COUNT = "SELECT count(*) FROM chunks WHERE creator_id = $1 AND transcript_id = $2"
