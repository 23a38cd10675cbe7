"""Words as they can be read and shown: pure derivations of a transcript that several floors need alike."""

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import accumulate, takewhile

from schemas.transcripts import Segment, Word

# Below a caption's line of 42. The longest word that a lecture says is near 30; what is longer is a loop of the model.
MAX_WORD_CHARACTERS = 40
_WORD = re.compile(rf"\S{{1,{MAX_WORD_CHARACTERS}}}")
# The matcher's time grows with the pairs of equal words times the runs that it finds: for 970 times "a" it took 10 s.
# 400 ordinary words have 4 pairs for each word on either side, 2,000 have 9.
_MOST_MATCHES = 20
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co"})  # controls, bidi marks and tags, surrogates, private use
_JOINERS = "\u200c\u200d"  # of category Cf too, but letters of Persian and Hindi, and of emoji, depend on them
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # unseen, and able to spell hidden text


def plain_text(text: str) -> str:
    """The text on one line without characters that cannot be seen: they hide or turn round what a person reads."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    return " ".join("".join(_shown(c) for c in _SELECTORS.sub("", text)).split())


def _shown(character: str) -> str:
    if character.isspace():
        return " "
    return character if character in _JOINERS or unicodedata.category(character) not in _INVISIBLE else ""


def words_of(segments: Sequence[Segment]) -> list[Word]:
    """The words in order, each without blanks, so that joining them with one space gives the whole text.

    Speech models write words in two ways: " old", "-fashioned" (a leading space starts a word) or "old", "fashioned".
    Where a segment's text holds its words it decides, for some providers' words lack the punctuation. Words that a
    provider did not time share their segment's time by their characters. Starts never go back.
    """
    return list(_in_order(word for segment in segments for word in _words_of(_pieces(segment))))


def reworded(text: str, heard: Segment) -> list[Word]:
    """The words of a corrected `text`, timed by the heard words that they stand for.

    A word that stayed keeps its time. What stands for other words shares their time by its characters, and what was
    put in between two words the pause between them.
    """
    spoken, written = words_of([heard]), words_of([heard.model_copy(update={"text": text, "words": ()})])
    return list(_in_order(_reworded(spoken, [word.text for word in written], heard)))


def _reworded(spoken: Sequence[Word], written: Sequence[str], heard: Segment) -> Iterator[Word]:
    for same, first, end, first_written, end_written in _differences([word.text for word in spoken], written):
        if same == "equal":
            yield from spoken[first:end]
        elif first_written < end_written:
            is_between = first == end
            begin = (spoken[first - 1].end if first else heard.start) if is_between else spoken[first].start
            until = (spoken[end].start if end < len(spoken) else heard.end) if is_between else spoken[end - 1].end
            run = " ".join(written[first_written:end_written])
            yield from _words_of([(run, Word(start=begin, end=max(begin, until), text=run, probability=1))])


def _differences(spoken: Sequence[str], written: Sequence[str]) -> Sequence[tuple[str, int, int, int, int]]:
    """What became of which words. A loop of the model, the same word over and over, is compared at its ends only."""
    counts = Counter(written)
    if sum(counts[word] for word in spoken) <= _MOST_MATCHES * (len(spoken) + len(written)):
        return SequenceMatcher(a=spoken, b=written, autojunk=False).get_opcodes()
    begin = _alike(spoken, written)
    rest = len(spoken) - begin, len(written) - begin
    end = _alike(spoken[::-1][: min(rest)], written[::-1][: min(rest)])
    first, second = len(spoken) - end, len(written) - end
    return [
        ("equal", 0, begin, 0, begin),
        ("replace", begin, first, begin, second),
        ("equal", first, len(spoken), second, len(written)),
    ]


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words are the same from the beginning on."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _pieces(segment: Segment) -> list[tuple[str, Word]]:
    """The segment's text cut where its timed words begin, blanks kept, beside the words."""
    heard = [word for word in segment.words if word.text.strip()]
    if not heard:
        return [(segment.text, Word(start=segment.start, end=segment.end, text=segment.text, probability=1))]
    starts, cursor = [], 0
    for word in heard:
        found = segment.text.find(word.text.strip(), cursor)
        if found < 0:
            return _as_written(heard)
        starts.append(found)
        cursor = found + len(word.text.strip())
    bounds = [0, *starts[1:], len(segment.text)]
    return [(segment.text[bounds[i] : bounds[i + 1]], word) for i, word in enumerate(heard)]


def _as_written(words: Sequence[Word]) -> list[tuple[str, Word]]:
    spaced = any(word.text[0].isspace() for word in words[1:])
    return [(word.text if spaced else f" {word.text}", word) for word in words]


def _words_of(pieces: Sequence[tuple[str, Word]]) -> Iterable[Word]:
    text = "".join(piece for piece, _ in pieces)
    offsets = [0, *accumulate(len(piece) for piece, _ in pieces)][:-1]
    for match in _WORD.finditer(text):
        if shown := plain_text(match.group()):
            first = bisect_right(offsets, match.start()) - 1
            last = bisect_right(offsets, match.end() - 1) - 1
            yield Word(
                start=_second(*pieces[first], match.start() - offsets[first]),
                end=_second(*pieces[last], match.end() - offsets[last]),
                text=shown,
                probability=min(word.probability for _, word in pieces[first : last + 1]),
            )


def _second(piece: str, word: Word, offset: int) -> float:
    """When the character at `offset` of the piece is spoken, were all characters equally long."""
    blanks = len(piece) - len(piece.lstrip())
    share = min(1.0, max(0.0, (offset - blanks) / max(1, len(piece.strip()))))
    return word.start + (word.end - word.start) * share if share < 1 else word.end


def _in_order(words: Iterable[Word]) -> Iterable[Word]:
    latest = 0.0
    for word in words:
        latest = max(latest, word.start)
        end = max(latest, word.end)
        yield word if (latest, end) == (word.start, word.end) else word.model_copy(update={"start": latest, "end": end})
