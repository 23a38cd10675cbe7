"""Chunks: a transcript in pieces that an embedding model can read and a student can be sent to."""

from dataclasses import dataclass
from uuid import UUID

from schemas.base import Frozen
from schemas.usage import Usage
from schemas.videos import VideoRef


class Chunk(Frozen):
    """Whole sentences in a row, from the first second spoken to the last."""

    id: UUID
    position: int
    text: str
    start_second: float
    end_second: float


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


class SearchHit(Frozen):
    """A chunk that answers a query; `score` is a cosine similarity (1 is the same direction)."""

    video_id: UUID
    video_title: str
    chunk_id: UUID
    text: str
    start_second: float
    end_second: float
    score: float


@dataclass(frozen=True)
class Vectors:
    """One unit vector per text, in the texts' order."""

    vectors: tuple[tuple[float, ...], ...]
    usage: Usage
