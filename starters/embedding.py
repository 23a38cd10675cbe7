"""Questions' vectors: remembered for good, and never so many made at once that nothing else runs."""

import asyncio
from collections.abc import Sequence

from activities.ports import Embedder, EmbeddingCache
from schemas.chunks import Vectors
from schemas.usage import Usage

AT_ONCE = 2  # a question is 6 ms of a core; more at once make none of them faster


class CachedEmbedder:
    """Satisfies the port `Embedder` by another one and a cache. The usage is that of the texts that were not there."""

    def __init__(self, embedder: Embedder, cache: EmbeddingCache, at_once: int = AT_ONCE) -> None:
        self.provider = embedder.provider
        self.model = embedder.model
        self.dimensions = embedder.dimensions
        self._embedder = embedder
        self._cache = cache
        self._turn = asyncio.Semaphore(at_once)

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, one per text, in the texts' order. Raises: what the embedder raises."""
        remembered = await self._cache.get(self.model, texts)
        known = {t: v for t, v in zip(texts, remembered, strict=True) if v is not None and len(v) == self.dimensions}
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        usage = Usage()
        if missing:
            async with self._turn:
                made = await self._embedder.embed(missing)
            usage = made.usage
            fresh = dict(zip(missing, made.vectors, strict=True))
            await self._cache.put(self.model, fresh)
            known |= fresh
        return Vectors(tuple(known[text] for text in texts), usage)
