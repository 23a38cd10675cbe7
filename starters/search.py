"""Search down to the sentence: chunks are found by meaning, and in each the sentence that says it."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from activities.ports import Embedder
from activities.sentences import Sentence, sentences_of
from adapters.postgres.pool import Database
from adapters.postgres.search import ChunkSearch
from adapters.postgres.transcripts import TranscriptReader
from adapters.sentences import NupunktSentences
from schemas.base import Frozen
from schemas.chunks import SearchHit

_SLACK_SECONDS = 0.001  # times are rounded to the millisecond


class Moment(Frozen):
    """Where to jump to, in seconds from the start of the video; `score` is the sentence's cosine similarity."""

    video_id: UUID
    title: str
    start_second: float
    end_second: float
    sentence: str
    score: float
    chunk_id: UUID
    chunk_score: float


async def find_moments(database: Database, embedder: Embedder, creator: UUID, query: str, limit: int) -> list[Moment]:
    """The best sentence of each of the `limit` chunks nearest to the query, best first; none twice.

    A sentence that two neighbouring chunks share counts for the nearer one. One more call of the embedding model, with
    the chunks' sentences, makes the difference between a minute and a second.
    Raises: SettingsInvalid where the model has no index; the provider's errors; DatabaseUnavailable.
    """
    target = (await embedder.embed([query])).vectors[0]
    hits = await ChunkSearch(database).nearest(creator, embedder.model, target, limit)
    spoken = await _spoken(database, creator, hits)
    texts = sorted({sentence.text for sentences in spoken for sentence in sentences})
    vectors = dict(zip(texts, (await embedder.embed(texts)).vectors, strict=True)) if texts else {}
    moments: dict[tuple[UUID, float], Moment] = {}
    for hit, sentences in zip(hits, spoken, strict=True):
        free = [sentence for sentence in sentences if (hit.video_id, sentence.start_second) not in moments]
        moment = _moment(hit, free, [_cosine(target, vectors[sentence.text]) for sentence in free])
        moments.setdefault((moment.video_id, moment.start_second), moment)
    return sorted(moments.values(), key=lambda moment: -moment.score)


async def _spoken(database: Database, creator: UUID, hits: Sequence[SearchHit]) -> list[list[Sentence]]:
    """The sentences of each hit's chunk, with their times."""
    reader = TranscriptReader(database)
    sentences: dict[UUID, list[Sentence]] = {}
    for video in {hit.video_id for hit in hits}:
        transcript = await reader.newest(creator, video)
        sentences[video] = await asyncio.to_thread(sentences_of, transcript.segments, NupunktSentences())
    return [[s for s in sentences[hit.video_id] if _is_within(s, hit)] for hit in hits]


def _is_within(sentence: Sentence, hit: SearchHit) -> bool:
    return (
        sentence.start_second >= hit.start_second - _SLACK_SECONDS
        and sentence.end_second <= hit.end_second + _SLACK_SECONDS
    )


def _moment(hit: SearchHit, sentences: Sequence[Sentence], scores: Sequence[float]) -> Moment:
    """The chunk itself where no sentence of the newest transcript is within it, or none is left."""
    best = max(range(len(scores)), key=scores.__getitem__, default=None)
    found = sentences[best] if best is not None else None
    return Moment(
        video_id=hit.video_id,
        title=hit.video_title,
        start_second=found.start_second if found else hit.start_second,
        end_second=found.end_second if found else hit.end_second,
        sentence=found.text if found else hit.text,
        score=scores[best] if best is not None else hit.score,
        chunk_id=hit.chunk_id,
        chunk_score=hit.score,
    )


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """Of unit vectors, which an embedder's are."""
    return sum(a * b for a, b in zip(one, other, strict=True))
