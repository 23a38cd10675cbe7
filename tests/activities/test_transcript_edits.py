"""The step that brings search after an edit: only what changed is embedded, and all of it is swapped at once."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from activities.embeddings import BATCH
from activities.transcript_edits import TranscriptEditActivities
from adapters.sentences import NupunktSentences
from schemas.chunks import Chunk, Vectors
from schemas.errors import ProviderAnswerInvalid, ProviderUnavailable
from schemas.transcripts import Segment, TranscriptEdit
from schemas.usage import CallTicket, Usage
from tests.fakes import FakeEmbedder, FakeEmbeddingCache, FakeUsageLedger, run_activity
from tests.lectures import HEART, TRANSCRIPT_ID, VIDEO, spoken

EDIT = TranscriptEdit(video=VIDEO, transcript_id=TRANSCRIPT_ID, edition=1)


class FakeTranscriptEditRepository:
    """One transcript's text, chunks and vectors; `swaps` counts the replacements."""

    def __init__(self, ledger: FakeUsageLedger, segments: Sequence[Segment], edition: int = 1) -> None:
        self.text = list(segments)
        self.edition = edition
        self.chunks: dict[UUID, Chunk] = {}
        self.vectors: dict[UUID, Sequence[float]] = {}
        self.swaps = 0
        self._ledger = ledger

    async def segments(self, edit: TranscriptEdit) -> list[Segment] | None:
        return self.text if edit.edition == self.edition else None

    async def without_vector(self, edit: TranscriptEdit, chunks: Sequence[Chunk], model: str) -> list[Chunk]:
        return [chunk for chunk in chunks if chunk.id not in self.vectors]

    async def replace(
        self,
        edit: TranscriptEdit,
        chunks: Sequence[Chunk],
        model: str,
        vectors: Sequence[tuple[UUID, Sequence[float]]],
        calls: Sequence[tuple[CallTicket, Usage]],
    ) -> None:
        for ticket, usage in calls:
            self._ledger.settle(ticket, usage)
        if edit.edition == self.edition:
            self.swaps += 1
            self.chunks = {chunk.id: chunk for chunk in chunks}
            known = self.vectors | dict(vectors)
            self.vectors = {chunk: known[chunk] for chunk in self.chunks}


class Made:
    """A TranscriptEditActivities over fakes, and the fakes."""

    def __init__(self, text: str, embedder: FakeEmbedder | None = None) -> None:
        self.embedder = embedder or FakeEmbedder()
        self.ledger = FakeUsageLedger()
        self.cache = FakeEmbeddingCache()
        self.edits = FakeTranscriptEditRepository(self.ledger, [spoken(text)])
        self.steps = TranscriptEditActivities(self.edits, self.ledger, self.cache, self.embedder, NupunktSentences())

    async def refresh(self, edition: int = 1) -> None:
        await run_activity(self.steps.refresh_chunks, EDIT.model_copy(update={"edition": edition}))

    @property
    def asked(self) -> list[str]:
        return [text for texts in self.embedder.texts for text in texts]


async def test_every_chunk_of_the_edited_text_has_its_vector_and_twice_is_once() -> None:
    made = Made(HEART * 4)
    for _ in range(2):
        await made.refresh()
        assert made.edits.vectors.keys() == made.edits.chunks.keys()
    assert made.asked == [chunk.text for chunk in made.edits.chunks.values()]
    assert all(made.ledger.calls.values())


async def test_only_what_the_edit_changed_is_embedded() -> None:
    made = Made(HEART * 8)
    await made.refresh()
    before = set(made.edits.chunks)
    made.edits.text = [spoken((HEART * 8)[::-1].replace("traeh", "ecnad", 1)[::-1])]  # the last heart is a dance
    made.edits.edition = 2
    made.embedder.texts.clear()
    await made.refresh(edition=2)
    new = made.edits.chunks.keys() - before
    assert made.asked == [chunk.text for chunk in made.edits.chunks.values() if chunk.id in new]
    assert 0 < len(new) < len(made.edits.chunks)


async def test_an_overtaken_edit_asks_for_nothing() -> None:
    made = Made(HEART)
    made.edits.edition = 2
    await made.refresh(edition=1)
    assert (made.asked, made.edits.swaps) == ([], 0)


async def test_the_cache_is_asked_first_and_told_after() -> None:
    made = Made(HEART)
    await made.refresh()
    other = Made(HEART)
    other.steps = TranscriptEditActivities(other.edits, other.ledger, made.cache, other.embedder, NupunktSentences())
    await other.refresh()
    assert other.asked == []
    assert other.edits.vectors == made.edits.vectors


class Failing(FakeEmbedder):
    """Answers its first call only."""

    async def embed(self, texts: Sequence[str]) -> Vectors:
        if self.calls:
            raise ProviderUnavailable("away")
        return await super().embed(texts)


async def test_a_failure_after_the_first_batch_swaps_nothing_and_repeats_one_batch_at_most() -> None:
    lecture = " ".join(f"This is the long sentence with the number {n} in it, {HEART[:300]}." for n in range(150))
    made = Made(lecture, Failing())
    with pytest.raises(ProviderUnavailable):
        await made.refresh()
    assert (made.edits.swaps, len(made.asked)) == (0, BATCH)
    again = FakeEmbedder()
    made.steps = TranscriptEditActivities(made.edits, made.ledger, made.cache, again, NupunktSentences())
    await made.refresh()
    assert sum(map(len, again.texts)) == len(made.edits.chunks) - BATCH


class Wrong(FakeEmbedder):
    """Gives a vector without a direction."""

    async def embed(self, texts: Sequence[str]) -> Vectors:
        return Vectors(tuple((0.0,) * self.dimensions for _ in texts), Usage())


async def test_a_wrong_answer_of_the_model_swaps_nothing() -> None:
    made = Made(HEART, Wrong())
    with pytest.raises(ProviderAnswerInvalid):
        await made.refresh()
    assert made.edits.swaps == 0
