"""Questions' vectors: made once, a few at a time, and the same whether remembered or not."""

import asyncio
from collections.abc import Sequence

from schemas.chunks import Vectors
from schemas.usage import Usage
from starters.embedding import CachedEmbedder
from tests.fake_models import FakeEmbedder, FakeEmbeddingCache


class SlowEmbedder(FakeEmbedder):
    """Counts how many calls are under way at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0

    async def embed(self, texts: Sequence[str]) -> Vectors:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.01)
        self.now -= 1
        return await super().embed(texts)


async def test_a_text_is_embedded_once_whoever_asks() -> None:
    model, cache = FakeEmbedder(), FakeEmbeddingCache()
    first = await CachedEmbedder(model, cache).embed(["a", "b", "a"])
    again = await CachedEmbedder(model, cache).embed(["b", "c", "a"])
    assert model.texts == [("a", "b"), ("c",)]
    assert first.vectors == (await FakeEmbedder().embed(["a", "b", "a"])).vectors
    assert again.vectors == (await FakeEmbedder().embed(["b", "c", "a"])).vectors


async def test_only_what_was_made_counts_as_used() -> None:
    embedder = CachedEmbedder(FakeEmbedder(), FakeEmbeddingCache())
    assert (await embedder.embed(["four letters"])).usage == Usage(input_tokens=3)
    assert (await embedder.embed(["four letters"])).usage == Usage()
    assert (await embedder.embed([])).vectors == ()


async def test_a_vector_of_another_length_is_made_again() -> None:
    model, cache = FakeEmbedder(), FakeEmbeddingCache()
    cache.vectors[model.model, "a"] = (1.0,)
    assert (await CachedEmbedder(model, cache).embed(["a"])).vectors == (await FakeEmbedder().embed(["a"])).vectors


async def test_a_crowd_of_questions_takes_turns() -> None:
    model = SlowEmbedder()
    embedder = CachedEmbedder(model, FakeEmbeddingCache(), at_once=2)
    await asyncio.gather(*(embedder.embed([f"question {n}"]) for n in range(20)))
    assert model.most == 2
