"""The step that gives every chunk its vector."""

from collections.abc import Sequence
from uuid import UUID

from temporalio import activity

from activities.heartbeats import heartbeating
from activities.keeping import kept
from activities.ports import (
    ChunkRepository,
    Embedder,
    EmbeddingCache,
    EmbeddingRepository,
    UsageLedger,
    VideoRepository,
)
from activities.vectors import VectorSource
from schemas.chunks import Chunk, ChunksRef, EmbeddingsRef
from schemas.usage import Usage
from schemas.videos import Stage

# What a crash repeats at most. One hour of speech is 75 chunks; 64 of them are 16 000 tokens, far inside the 300 000
# that OpenAI takes in a request, and 1.3 s of the local model.
BATCH = 64


class EmbeddingActivities:
    """Embeds chunks."""

    def __init__(
        self,
        chunks: ChunkRepository,
        embeddings: EmbeddingRepository,
        videos: VideoRepository,
        ledger: UsageLedger,
        cache: EmbeddingCache,
        embedder: Embedder,
    ) -> None:
        self._chunks = chunks
        self._embeddings = embeddings
        self._videos = videos
        self._vectors = VectorSource(ledger, cache, embedder)

    @activity.defn
    async def embed_chunks(self, chunks: ChunksRef) -> EmbeddingsRef:
        """Store a unit vector for every chunk, batch by batch.

        Idempotent: keyed by chunk and model; a repeat asks for what is missing only, one batch at most of it again.
        Raises: RateLimited, ProviderUnavailable, ProviderAnswerInvalid, StoreUnavailable (transient);
        ProviderRefused, Superseded (permanent).
        """
        async with heartbeating():
            return await self._embed_all(chunks)

    async def _embed_all(self, chunks: ChunksRef) -> EmbeddingsRef:
        video, transcript, model = chunks.video, chunks.transcript_id, self._vectors.model
        await self._videos.start_stage(video, Stage.EMBEDDINGS, chunks.count, "chunks")
        seen: set[UUID] = set()
        while batch := await self._chunks.without_embedding(video, transcript, model, BATCH):
            if not seen.isdisjoint(chunk.id for chunk in batch):
                raise RuntimeError("a chunk whose vector was stored is still without one")
            seen.update(chunk.id for chunk in batch)
            await self._embed(chunks, batch)
            done = await self._embeddings.count(video, transcript, model)
            await self._videos.advance_stage(video, Stage.EMBEDDINGS, done, chunks.count, "chunks")
        count = await self._embeddings.count(video, transcript, model)
        if count != await self._chunks.count(video, transcript):
            raise RuntimeError("no chunk is without a vector, and yet there are not as many vectors as chunks")
        await self._videos.finish_stage(video, Stage.EMBEDDINGS, count, "chunks")
        return EmbeddingsRef(transcript_id=transcript, model=model, count=count)

    async def _embed(self, chunks: ChunksRef, batch: Sequence[Chunk]) -> None:
        hits = await self._vectors.remembered(batch)
        if hits:
            await self._embeddings.save(chunks.video, self._vectors.model, hits, None, Usage())
        known = {chunk for chunk, _ in hits}
        if misses := [chunk for chunk in batch if chunk.id not in known]:
            await self._call(chunks, misses)

    async def _call(self, chunks: ChunksRef, batch: Sequence[Chunk]) -> None:
        pairs, ticket, usage = await self._vectors.called(chunks.video, chunks.transcript_id, batch)
        await kept(lambda: self._embeddings.save(chunks.video, self._vectors.model, pairs, ticket, usage))
        await self._vectors.remember(batch, pairs)
