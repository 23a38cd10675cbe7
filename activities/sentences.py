"""From words with times to sentences with times."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Protocol

from schemas.transcripts import Segment, Word
from schemas.words import words_of

# Written English averages about 20 words a sentence, and hardly any reaches 60; past that the speech model has
# stopped writing full stops, and the pauses are what is left to tell sentences by.
MAX_SENTENCE_WORDS = 60
MIN_SENTENCE_WORDS = 8  # shorter pieces come from a breath, not from a thought


class SentenceSplitter(Protocol):
    """Finds where sentences end in a text."""

    def split(self, text: str) -> list[tuple[int, int]]:
        """The sentences as (start, end) of characters, `end` excluded, in order, without gap or overlap."""


@dataclass(frozen=True)
class Sentence:
    """Words in a row, at least one."""

    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """The words with one space between them."""
        return text_of(self.words)

    @property
    def start_second(self) -> float:
        """When the first word starts."""
        return self.words[0].start

    @property
    def end_second(self) -> float:
        """When the last of the words has ended; their ends need not be in order."""
        return max(word.end for word in self.words)


def text_of(words: Sequence[Word]) -> str:
    """The words with one space between them."""
    return " ".join(word.text for word in words)


def sentences_of(segments: Sequence[Segment], splitter: SentenceSplitter) -> list[Sentence]:
    """Every word of the segments, in order, in sentences of at most MAX_SENTENCE_WORDS."""
    words = words_of(segments)
    starts = [start for start, _ in splitter.split(text_of(words))]
    # A word is where its first character is, so a splitter that cuts inside a word neither loses nor doubles it.
    offsets = [0, *accumulate(len(word.text) + 1 for word in words)]
    places = [max(0, bisect_right(starts, offset) - 1) for offset in offsets[: len(words)]]
    cuts = [i for i in range(1, len(words)) if places[i] != places[i - 1]]
    bounds = [0, *cuts, len(words)]
    return [Sentence(tuple(piece)) for first, end in pairwise(bounds) for piece in _at_pauses(words[first:end])]


def _at_pauses(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    """Cut a run that is too long at its longest pauses; where all are equal, as late as allowed."""
    pauses = [0.0, *(pause_between(before, after) for before, after in pairwise(words))]
    first = 0
    while len(words) - first > MAX_SENTENCE_WORDS:
        latest = min(first + MAX_SENTENCE_WORDS, len(words) - MIN_SENTENCE_WORDS)
        cut = max(range(first + MIN_SENTENCE_WORDS, latest + 1), key=lambda i: (pauses[i], i))
        yield words[first:cut]
        first = cut
    if first < len(words):
        yield words[first:]


def pause_between(before: Word, after: Word) -> float:
    """Seconds of silence, to the millisecond, so that equal pauses compare equal."""
    return round(max(0.0, after.start - before.end), 3)
