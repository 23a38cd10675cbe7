"""Vectors of texts: from the cache, else from the model, each call on the ledger before it is made."""

import math
from collections.abc import Sequence
from uuid import UUID

from activities.ports import Embedder, EmbeddingCache, UsageLedger
from schemas import ids
from schemas.chunks import Chunk, Vector, Vectors
from schemas.errors import ProviderAnswerInvalid
from schemas.usage import CallTicket, Operation, Usage
from schemas.videos import VideoRef

Pairs = list[tuple[UUID, Vector]]


class VectorSource:
    """One embedding model behind its cache."""

    def __init__(self, ledger: UsageLedger, cache: EmbeddingCache, embedder: Embedder) -> None:
        self._ledger = ledger
        self._cache = cache
        self._embedder = embedder

    @property
    def model(self) -> str:
        """The model's name, which is part of every vector's key."""
        return self._embedder.model

    async def remembered(self, chunks: Sequence[Chunk]) -> Pairs:
        """What the cache has of them; a vector that another version of the model left there does not count."""
        texts = [chunk.text for chunk in chunks]
        found = await self._cache.get(self.model, texts)
        return [(c.id, v) for c, v in zip(chunks, found, strict=True) if v is not None and self._is_usable(v)]

    async def called(
        self, video: VideoRef, transcript_id: UUID, chunks: Sequence[Chunk]
    ) -> tuple[Pairs, CallTicket, Usage]:
        """Ask the model; the caller settles the ticket with what it stores.

        Raises: the provider's errors; ProviderAnswerInvalid; Superseded.
        """
        embedder, texts = self._embedder, [chunk.text for chunk in chunks]
        # The first chunk's id stands for the batch: a retry that finds the same missing asks for the same.
        ask = ids.ask("embed", transcript_id, embedder.model, chunks[0].id)
        ticket = await self._ledger.reserve(video, ask, Operation.EMBED, embedder.provider, embedder.model)
        answer = await embedder.embed(texts)
        self._check(answer, len(texts))
        pairs = [(chunk.id, vector) for chunk, vector in zip(chunks, answer.vectors, strict=True)]
        return pairs, ticket, answer.usage

    async def remember(self, chunks: Sequence[Chunk], pairs: Pairs) -> None:
        """Tell the cache."""
        vectors = dict(pairs)
        await self._cache.put(self.model, {chunk.text: vectors[chunk.id] for chunk in chunks})

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
