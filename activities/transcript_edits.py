"""The step that brings search after an edited transcript."""

import asyncio
from collections.abc import Sequence

from temporalio import activity

from activities.chunks import chunks_of
from activities.embeddings import BATCH
from activities.heartbeats import heartbeating
from activities.keeping import kept
from activities.ports import Embedder, EmbeddingCache, TranscriptEditRepository, UsageLedger
from activities.sentences import SentenceSplitter, sentences_of
from activities.vectors import Pairs, VectorSource
from schemas.chunks import Chunk
from schemas.transcripts import TranscriptEdit
from schemas.usage import CallTicket, Usage


class TranscriptEditActivities:
    """Cuts and embeds an edited transcript anew."""

    def __init__(
        self,
        edits: TranscriptEditRepository,
        ledger: UsageLedger,
        cache: EmbeddingCache,
        embedder: Embedder,
        splitter: SentenceSplitter,
    ) -> None:
        self._edits = edits
        self._vectors = VectorSource(ledger, cache, embedder)
        self._splitter = splitter

    @activity.defn
    async def refresh_chunks(self, edit: TranscriptEdit) -> None:
        """Replace the transcript's chunks by those of its edited text, each with its vector, in one transaction.

        Search finds the old ones until then and the new ones from then on. Chunks that did not change stay.
        Idempotent: keyed by place and text; a repeat finds every vector and calls no model. An edit that a later one
        has overtaken changes nothing.
        Raises: RateLimited, ProviderUnavailable, ProviderAnswerInvalid, StoreUnavailable (transient);
        ProviderRefused, Superseded (permanent).
        """
        async with heartbeating():
            segments = await self._edits.segments(edit)
            if segments is None:
                return
            sentences = await asyncio.to_thread(sentences_of, segments, self._splitter)
            chunks = await asyncio.to_thread(chunks_of, edit.transcript_id, sentences)
            vectors, calls = await self._embedded(edit, chunks)
            await kept(lambda: self._edits.replace(edit, chunks, self._vectors.model, vectors, calls))

    async def _embedded(
        self, edit: TranscriptEdit, chunks: Sequence[Chunk]
    ) -> tuple[Pairs, list[tuple[CallTicket, Usage]]]:
        """The vectors that are missing. Each call's go to the cache at once: a crash then asks for one batch again."""
        missing = await self._edits.without_vector(edit, chunks, self._vectors.model)
        vectors = await self._vectors.remembered(missing) if missing else []
        known = {chunk for chunk, _ in vectors}
        asked = [chunk for chunk in missing if chunk.id not in known]
        calls: list[tuple[CallTicket, Usage]] = []
        for first in range(0, len(asked), BATCH):
            batch = asked[first : first + BATCH]
            pairs, ticket, usage = await self._vectors.called(edit.video, edit.transcript_id, batch)
            await self._vectors.remember(batch, pairs)
            vectors += pairs
            calls.append((ticket, usage))
        return vectors, calls
