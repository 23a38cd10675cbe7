"""Transcripts: words with their times, in seconds from the start of the video."""

from dataclasses import dataclass
from uuid import UUID

from schemas.base import Frozen
from schemas.usage import Usage
from schemas.videos import VideoRef


class Word(Frozen):
    """One spoken word; `probability` (0 to 1) is the model's own belief in it."""

    start: float
    end: float
    text: str
    probability: float


class Segment(Frozen):
    """A run of words the model heard as one phrase, or what a person made of it."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    is_edited: bool = False


class PartTranscriptRef(Frozen):
    """What one part's transcription stored."""

    transcript_id: UUID
    number: int
    segments: int
    words: int


class TranscriptRef(Frozen):
    """A complete transcript."""

    video: VideoRef
    transcript_id: UUID
    language: str
    segments: int
    words: int


class TranscriptEdit(Frozen):
    """A transcript after an edit; a later edit has a higher edition."""

    video: VideoRef
    transcript_id: UUID
    edition: int


class Transcript(Frozen):
    """A transcript as far as it is stored: the parts up to the first missing one, in order."""

    id: UUID
    language: str | None
    model: str
    is_complete: bool
    parts_done: int
    parts_total: int
    segments: tuple[Segment, ...]


class TranscriptHead(Frozen):
    """A transcript without its words; its version is this, as a whole."""

    id: UUID
    edition: int  # grows with every edit
    language: str | None
    model: str
    is_complete: bool
    parts_done: int
    parts_total: int


@dataclass(frozen=True)
class SegmentPlace:
    """A segment's place in its transcript: the part's number and its position there."""

    part_number: int
    position: int


class PlacedSegment(Frozen):
    """A segment, its place, and nothing of its words. An edit names it by `number`, its index in the transcript."""

    number: int
    part_number: int
    position: int
    start: float
    end: float
    text: str
    is_edited: bool


@dataclass(frozen=True)
class Transcription:
    """What a speech model heard in one part; seconds count from the start of that part."""

    language: str
    segments: tuple[Segment, ...]
    usage: Usage
