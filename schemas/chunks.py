"""Chunks: a transcript in pieces that an embedding model can read and a student can be sent to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from schemas.base import Frozen
from schemas.usage import Usage
from schemas.videos import VideoRef


class SpokenSentence(Frozen):
    """A sentence with its seconds from the start of the video."""

    start_second: float
    end_second: float
    text: str


class Chunk(Frozen):
    """Whole sentences in a row, from the first second spoken to the last."""

    id: UUID
    position: int
    text: str
    start_second: float
    end_second: float
    sentences: tuple[SpokenSentence, ...] = ()


class ChunksRef(Frozen):
    """The chunks of one transcript."""

    video: VideoRef
    transcript_id: UUID
    count: int


class EmbeddingsRef(Frozen):
    """The embeddings of one transcript's chunks by one model."""

    transcript_id: UUID
    model: str
    count: int


@dataclass(frozen=True)
class SearchQuery:
    """What is looked for: words, their vector by `model`; in one video, in one course, or in all."""

    words: str
    model: str
    vector: Sequence[float]
    video_id: UUID | None = None
    course_id: UUID | None = None


class HitSentence(NamedTuple):
    """A sentence of a hit; `word_score` grows with the words of the query in it, and is 0 without any."""

    start_second: float
    end_second: float
    text: str
    word_score: float = 0


@dataclass(frozen=True)
class SearchHit:
    """A chunk that answers a query.

    `score` is a cosine similarity (1 is the same direction); `word_place` counts from 1 where it was found by words.
    """

    video_id: UUID
    video_title: str
    chunk_id: UUID
    text: str
    start_second: float
    end_second: float
    score: float
    word_place: int | None = None
    sentences: tuple[HitSentence, ...] = ()


Vector = Sequence[float]


@dataclass(frozen=True)
class Vectors:
    """One unit vector per text, in the texts' order."""

    vectors: tuple[Vector, ...]
    usage: Usage
