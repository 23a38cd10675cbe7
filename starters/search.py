"""Search down to the sentence: chunks are found by meaning and by words, and in each the sentence that says it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import numpy as np

from activities.ports import Embedder
from adapters.postgres.pool import Database
from adapters.postgres.search import FUSION_CONSTANT, ChunkSearch
from adapters.postgres.usage import PostgresUsage
from schemas.base import Frozen
from schemas.callers import Caller
from schemas.chunks import HitSentence, SearchHit, SearchQuery
from schemas.ids import ask
from schemas.usage import Operation, Usage


class Moment(Frozen):
    """Where to jump to, in seconds from the start of the video; `score` is the sentence's cosine similarity.

    `passage` is the text of the chunk around the sentence.
    """

    video_id: UUID
    title: str
    start_second: float
    end_second: float
    sentence: str
    score: float
    chunk_id: UUID
    chunk_score: float
    passage: str


@dataclass(frozen=True)
class Sought:
    """What somebody looks for: in one video, in one course, or in all that they may see."""

    words: str
    limit: int
    video_id: UUID | None = None
    course_id: UUID | None = None


async def find_moments(database: Database, embedder: Embedder, caller: Caller, sought: Sought) -> list[Moment]:
    """The best sentence of each of the best chunks, best first; none twice.

    A sentence that two neighbouring chunks share counts for the better one. One more call of the embedding model, with
    the chunks' sentences, makes the difference between a minute and a second.
    Raises: SettingsInvalid where the model has no index; the provider's errors; DatabaseUnavailable.
    """
    asked = await embedder.embed([sought.words])
    target = asked.vectors[0]
    query = SearchQuery(sought.words, embedder.model, target, sought.video_id, sought.course_id)
    hits = await ChunkSearch(database).best(caller, query, sought.limit)
    texts = sorted({sentence.text for hit in hits for sentence in hit.sentences})
    read = await embedder.embed(texts)
    scores = dict(zip(texts, _cosines(target, read.vectors), strict=True))
    await _record(database, embedder, caller, asked.usage + read.usage)
    return _in_order(hits, _moments(hits, scores))


async def _record(database: Database, embedder: Embedder, caller: Caller, usage: Usage) -> None:
    """A line of the ledger for what a provider bills. The local model's work is not: that line would cost more."""
    if usage.input_tokens and embedder.provider != "local":
        name = ask("search", uuid4())
        ledger = PostgresUsage(database)
        await ledger.record(caller.creator, name, Operation.EMBED, embedder.provider, embedder.model, usage)


def _moments(hits: Iterable[SearchHit], scores: dict[str, float]) -> list[Moment | None]:
    """The best sentence of each hit that no better hit has; None where it has none of its own."""
    taken: set[tuple[UUID, float]] = set()
    moments: list[Moment | None] = []
    for hit in hits:
        free = [sentence for sentence in hit.sentences if (hit.video_id, sentence.start_second) not in taken]
        said = _best_of(hit, free, scores)
        moments.append(_moment(hit, said, scores[said.text]) if said is not None else None)
        if said is not None:
            taken.add((hit.video_id, said.start_second))
    return moments


def _best_of(hit: SearchHit, sentences: Sequence[HitSentence], scores: dict[str, float]) -> HitSentence | None:
    """The nearest in meaning; where the chunk holds what was typed, among those that hold the most of it."""

    def worth(sentence: HitSentence) -> tuple[float, float]:
        return sentence.word_score if hit.word_place is not None else 0, scores[sentence.text]

    return max(sentences, key=worth, default=None)


def _in_order(hits: Sequence[SearchHit], moments: Sequence[Moment | None]) -> list[Moment]:
    """By the sentences' meaning and the chunks' words together."""
    meaning = _places([moment.score if moment is not None else -1 for moment in moments])
    ranked = [
        (_share(place) + _share(hit.word_place), moment.score, moment)
        for place, hit, moment in zip(meaning, hits, moments, strict=True)
        if moment is not None
    ]
    return [moment for _, _, moment in sorted(ranked, key=lambda entry: entry[:2], reverse=True)]


def _places(scores: Sequence[float]) -> list[int]:
    """From 1 for the highest; equals share a place."""
    order = sorted(set(scores), reverse=True)
    return [order.index(score) + 1 for score in scores]


def _share(place: int | None) -> float:
    """What a place in a list counts: see FUSION_CONSTANT."""
    return 1 / (FUSION_CONSTANT + place) if place is not None else 0.0


def _moment(hit: SearchHit, said: HitSentence, score: float) -> Moment:
    return Moment(
        video_id=hit.video_id,
        title=hit.video_title,
        start_second=said.start_second,
        end_second=said.end_second,
        sentence=said.text,
        score=score,
        chunk_id=hit.chunk_id,
        chunk_score=hit.score,
        passage=hit.text,
    )


def _cosines(one: Sequence[float], others: Sequence[Sequence[float]]) -> list[float]:
    """Of unit vectors, which an embedder's are."""
    matrix = np.asarray(others, dtype=np.float64).reshape(len(others), len(one))
    cosines: list[float] = (matrix @ np.asarray(one, dtype=np.float64)).tolist()
    return cosines
