"""The step that gives every chunk its vector."""

import math
from collections.abc import Mapping, Sequence
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
from schemas import ids
from schemas.chunks import Chunk, ChunksRef, EmbeddingsRef, Vectors
from schemas.errors import ProviderAnswerInvalid
from schemas.usage import Operation, Usage
from schemas.videos import Stage

# What a crash repeats at most. One hour of speech is 75 chunks; 64 of them are 16 000 tokens, far inside the 300 000
# that OpenAI takes in a request, and 1.3 s of the local model.
BATCH = 64

Vector = tuple[float, ...]


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
        self._ledger = ledger
        self._cache = cache
        self._embedder = embedder

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
        video, transcript, model = chunks.video, chunks.transcript_id, self._embedder.model
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
        known = await self._remembered([chunk.text for chunk in batch])
        hits = [(chunk.id, known[chunk.text]) for chunk in batch if chunk.text in known]
        if hits:
            await self._embeddings.save(chunks.video, self._embedder.model, hits, None, Usage())
        if misses := [chunk for chunk in batch if chunk.text not in known]:
            await self._call(chunks, misses)

    async def _remembered(self, texts: Sequence[str]) -> Mapping[str, Vector]:
        """The cache's vectors by text; one that another version of the model left there does not count."""
        found = await self._cache.get(self._embedder.model, texts)
        return {t: v for t, v in zip(texts, found, strict=True) if v is not None and self._is_usable(v)}

    async def _call(self, chunks: ChunksRef, batch: Sequence[Chunk]) -> None:
        embedder, texts = self._embedder, [chunk.text for chunk in batch]
        # The first chunk's id stands for the batch: a retry that finds the same missing asks for the same.
        ask = ids.ask("embed", chunks.transcript_id, embedder.model, batch[0].id)
        ticket = await self._ledger.reserve(chunks.video, ask, Operation.EMBED, embedder.provider, embedder.model)
        answer = await embedder.embed(texts)
        self._check(answer, len(texts))
        pairs = [(chunk.id, vector) for chunk, vector in zip(batch, answer.vectors, strict=True)]
        await kept(lambda: self._embeddings.save(chunks.video, embedder.model, pairs, ticket, answer.usage))
        await self._cache.put(embedder.model, dict(zip(texts, answer.vectors, strict=True)))

    def _check(self, answer: Vectors, count: int) -> None:
        if len(answer.vectors) != count:
            raise ProviderAnswerInvalid(f"asked for {count} vectors, the embedding model gave {len(answer.vectors)}")
        if not all(self._is_usable(vector) for vector in answer.vectors):
            raise ProviderAnswerInvalid(
                f"the embedding model gave a vector that is not of {self._embedder.dimensions} finite numbers"
            )

    def _is_usable(self, vector: Vector) -> bool:
        """Whether it has a direction: the cosine to a zero vector, or to one with NaN, is NaN, and sorts anywhere."""
        square = sum(value * value for value in vector)
        return len(vector) == self._embedder.dimensions and math.isfinite(square) and square > 0
