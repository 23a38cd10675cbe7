"""The step that gives every chunk its vector."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from activities.embeddings import BATCH, EmbeddingActivities
from schemas import ids
from schemas.chunks import Chunk, ChunksRef, Vectors
from schemas.errors import ProviderAnswerInvalid, ProviderUnavailable, Superseded
from schemas.usage import CallTicket, Operation, Usage
from schemas.videos import Stage, VideoRef
from tests.fakes import (
    FakeChunkRepository,
    FakeEmbedder,
    FakeEmbeddingCache,
    FakeEmbeddingRepository,
    FakeUsageLedger,
    FakeVideoRepository,
    run_activity,
)
from tests.lectures import TRANSCRIPT_ID, VIDEO


def chunk(position: int) -> Chunk:
    text = f"Sentence {position}."
    key = ids.chunk_id(TRANSCRIPT_ID, position, text)
    return Chunk(id=key, position=position, text=text, start_second=position, end_second=position + 1)


class Made:
    """An EmbeddingActivities over fakes, and the fakes."""

    def __init__(self, count: int, embedder: FakeEmbedder | None = None, epoch: int = 1) -> None:
        self.embedder = embedder or FakeEmbedder()
        self.chunks = FakeChunkRepository([chunk(position) for position in range(count)])
        self.ledger = FakeUsageLedger()
        self.videos = FakeVideoRepository(epoch=epoch)
        self.cache = FakeEmbeddingCache()
        self.embeddings = FakeEmbeddingRepository(self.chunks, self.ledger)
        self.ref = ChunksRef(video=VIDEO, transcript_id=TRANSCRIPT_ID, count=count)

    @property
    def steps(self) -> EmbeddingActivities:
        return EmbeddingActivities(self.chunks, self.embeddings, self.videos, self.ledger, self.cache, self.embedder)


class Failing(FakeEmbedder):
    """Answers its first calls only."""

    def __init__(self, good_calls: int) -> None:
        super().__init__()
        self._good_calls = good_calls

    async def embed(self, texts: Sequence[str]) -> Vectors:
        if self.calls == self._good_calls:
            raise ProviderUnavailable("away")
        return await super().embed(texts)


class Answering(FakeEmbedder):
    """Answers every call with the same vectors."""

    def __init__(self, *vectors: tuple[float, ...]) -> None:
        super().__init__(dimensions=2)
        self._vectors = vectors

    async def embed(self, texts: Sequence[str]) -> Vectors:
        return Vectors(self._vectors, Usage())


class Forgetful(FakeEmbeddingRepository):
    """Stores nothing and says nothing."""

    async def save(
        self,
        video: VideoRef,
        model: str,
        vectors: Sequence[tuple[object, Sequence[float]]],
        ticket: CallTicket | None,
        usage: Usage,
    ) -> None:
        return


class Hiding(FakeChunkRepository):
    """Never tells of the last chunk."""

    async def without_embedding(self, video: VideoRef, transcript_id: UUID, model: str, limit: int) -> list[Chunk]:
        missing = await super().without_embedding(video, transcript_id, model, limit)
        return [chunk for chunk in missing if chunk.position < len(self.chunks) - 1]


async def test_embedding_chunks_twice_calls_the_provider_once() -> None:
    made = Made(3)
    first = await run_activity(made.steps.embed_chunks, made.ref)
    stored, log = dict(made.chunks.embedded), list(made.videos.log)
    assert await run_activity(made.steps.embed_chunks, made.ref) == first
    assert (made.chunks.embedded, made.videos.log) == (stored, log)
    assert made.embedder.calls == len(made.ledger.calls) == 1
    assert first.count == len(stored) == 3


async def test_a_retry_repeats_only_the_batch_that_failed() -> None:
    made = Made(2 * BATCH + 1, Failing(good_calls=1))
    with pytest.raises(ProviderUnavailable):
        await run_activity(made.steps.embed_chunks, made.ref)
    assert len(made.chunks.embedded) == BATCH
    made.embedder = FakeEmbedder()
    assert (await run_activity(made.steps.embed_chunks, made.ref)).count == 2 * BATCH + 1
    assert [len(texts) for texts in made.embedder.texts] == [BATCH, 1]


async def test_the_failed_call_stays_reserved_and_its_repeat_is_the_same_ask() -> None:
    made = Made(2, Failing(good_calls=0))
    with pytest.raises(ProviderUnavailable):
        await run_activity(made.steps.embed_chunks, made.ref)
    made.embedder = FakeEmbedder()
    await run_activity(made.steps.embed_chunks, made.ref)
    ask = ids.ask("embed", TRANSCRIPT_ID, "fake-embedding", chunk(0).id)
    assert made.ledger.calls == {(ask, 1): None, (ask, 2): Usage(input_tokens=5)}
    assert made.ledger.models == [(Operation.EMBED, "fake", "fake-embedding")] * 2


async def test_chunks_in_the_cache_are_stored_without_a_call() -> None:
    made = Made(3)
    await run_activity(made.steps.embed_chunks, made.ref)
    again = Made(3)
    again.cache = made.cache
    assert (await run_activity(again.steps.embed_chunks, again.ref)).count == 3
    assert (again.embedder.calls, again.ledger.calls) == (0, {})
    assert again.chunks.embedded == made.chunks.embedded


async def test_only_chunks_that_are_not_in_the_cache_are_sent() -> None:
    made = Made(3)
    made.cache.vectors["fake-embedding", chunk(1).text] = (1.0,) + (0.0,) * 7
    await run_activity(made.steps.embed_chunks, made.ref)
    assert made.embedder.texts == [(chunk(0).text, chunk(2).text)]
    assert made.chunks.embedded[chunk(1).id, "fake-embedding"] == (1.0,) + (0.0,) * 7


async def test_a_cached_vector_of_another_size_does_not_count() -> None:
    made = Made(1)
    made.cache.vectors["fake-embedding", chunk(0).text] = (1.0,)
    await run_activity(made.steps.embed_chunks, made.ref)
    assert made.embedder.calls == 1


@pytest.mark.parametrize(
    "vectors",
    [
        [],
        [(1.0, 0.0)] * 2,
        [(1.0,)],
        [(1.0, 0.0, 0.0)],
        [(float("nan"), 1.0)],
        [(float("inf"), 1.0)],
        [(0.0, 0.0)],
    ],
    ids=["none", "too many", "too short", "too long", "not a number", "infinite", "zero"],
)
async def test_vectors_that_are_not_what_was_asked_for_are_refused_and_not_kept(
    vectors: list[tuple[float, ...]],
) -> None:
    made = Made(1, Answering(*vectors))
    with pytest.raises(ProviderAnswerInvalid):
        await run_activity(made.steps.embed_chunks, made.ref)
    assert (made.chunks.embedded, made.cache.vectors) == ({}, {})
    assert list(made.ledger.calls.values()) == [None]


async def test_vectors_that_are_fewer_than_the_chunks_are_noticed() -> None:
    made = Made(2)
    made.chunks = Hiding([chunk(0), chunk(1)])
    made.embeddings = FakeEmbeddingRepository(made.chunks)
    with pytest.raises(RuntimeError, match="not as many"):
        await run_activity(made.steps.embed_chunks, made.ref)


async def test_every_batch_shows_in_the_progress() -> None:
    made = Made(BATCH + 1)
    await run_activity(made.steps.embed_chunks, made.ref)
    assert made.videos.log == [
        (Stage.EMBEDDINGS, "started", BATCH + 1, "chunks"),
        (Stage.EMBEDDINGS, BATCH, BATCH + 1, "chunks"),
        (Stage.EMBEDDINGS, BATCH + 1, BATCH + 1, "chunks"),
        (Stage.EMBEDDINGS, "finished", BATCH + 1, "chunks"),
    ]


async def test_a_store_that_loses_vectors_is_noticed_instead_of_paying_for_ever() -> None:
    made = Made(1)
    made.embeddings = Forgetful(made.chunks)
    with pytest.raises(RuntimeError, match="still without"):
        await run_activity(made.steps.embed_chunks, made.ref)
    assert made.embedder.calls == 1


async def test_a_story_whose_epoch_is_over_does_not_call_the_provider() -> None:
    made = Made(1, epoch=2)
    with pytest.raises(Superseded):
        await run_activity(made.steps.embed_chunks, made.ref)
    assert made.embedder.calls == 0
