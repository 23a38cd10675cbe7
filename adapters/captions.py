"""Captions in WebVTT and SRT, shaped from words for people to read in time.

What is promised of every cue: one or two lines of at most 42 characters, at most 7 seconds, start before end, no
overlap. What is aimed at: at least 1 second, at most 20 characters a second, and breaks where a sentence ends, else at
a pause, else after a comma. Where speech is too fast for the aims the words win: nothing is left out, no cue starts
before its first word, and none stays when the next one's first word is spoken. The last cue may outlast the speech by
a second. Four hours take 1.4 s of computing: call it in a thread.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from webvtt import Caption, WebVTT

from adapters.sentences import NupunktSentences
from schemas.transcripts import Segment, Word
from schemas.words import words_of

LINE_CHARACTERS = 42  # Netflix's and the BBC's guides agree on it for English, as on two lines
MAX_CUE_MS = 7_000
MIN_CUE_MS = 1_000
MAX_CHARACTERS_PER_SECOND = 20  # the fastest that guides allow for adults

_PAUSE_MS = 400  # a pause that is heard as one
_LONG_PAUSE_MS = 1_000  # a cue across this shows words well before they are spoken
# What a reader minds, in units of "a break in the middle of a phrase" = 5; tuned on spoken English by eye.
_CUE_COST = 2.0
_BREAK_AT_PAUSE = 1.0
_BREAK_AFTER_CLAUSE = 2.0
_BREAK_IN_PHRASE = 5.0
_SENTENCE_END_INSIDE = 3.0
_LONG_PAUSE_INSIDE = 6.0
_SECOND_TOO_SHORT = 8.0
_CHARACTER_PER_SECOND_TOO_FAST = 1.0
_MOST_TOO_FAST = 50.0


@dataclass(frozen=True)
class _Cue:
    start: int
    end: int
    lines: tuple[str, ...]


def render_captions(segments: Sequence[Segment], format: Literal["vtt", "srt"]) -> str:  # noqa: A002 - its true name
    """The whole file. An empty transcript is a file without cues: for WebVTT its header, for SRT nothing."""
    words = words_of(segments)
    shaper = _Shaper(words)
    cues = _timed(words, shaper.starts, shaper.ends, shaper.cuts())
    return _vtt(cues) if format == "vtt" else _srt(cues)


# ---- Files -----------------------------------------------------------------------------------------------------------


def _vtt(cues: Sequence[_Cue]) -> str:
    captions = [Caption(_clock(c.start, "."), _clock(c.end, "."), [_escaped(line) for line in c.lines]) for c in cues]
    return str(WebVTT(captions=captions).content).rstrip("\n") + "\n"


def _escaped(line: str) -> str:
    """webvtt-py 0.6 writes text as it is, and "<" would open a tag and "-->" another cue."""
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _srt(cues: Sequence[_Cue]) -> str:
    return "\n".join(
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{_disarmed(cue.lines)}\n"
        for number, cue in enumerate(cues, start=1)
    )


def _disarmed(lines: Sequence[str]) -> str:
    r"""SRT has no escapes, and players read <tags> and {\commands}: look-alikes stand in for their first characters."""
    return "\n".join(lines).replace("<", "‹").replace(">", "›").replace("{\\", "{/")


def _clock(milliseconds: int, point: str) -> str:
    seconds, thousandths = divmod(milliseconds, 1_000)
    return f"{seconds // 3_600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{thousandths:03}"


# ---- Shapes ----------------------------------------------------------------------------------------------------------


class _Shaper:
    """Finds the cuts with the least cost over the whole text: a greedy walk leaves a lone word for many a cue."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._count = len(words)
        self.starts = [_milliseconds(word.start) for word in words]
        self.ends = _ends(words, self.starts)
        self._offsets = [0, *accumulate(len(word.text) + 1 for word in words)]
        text = " ".join(word.text for word in words)
        sentences = {start for start, _ in NupunktSentences().split(text)}
        begins = [offset in sentences for offset in self._offsets]
        pauses = [0, *(max(0, s - e) for s, e in zip(self.starts[1:], self.ends, strict=False))]
        self._break_costs = [_break_cost(words, i, pauses[i], begins[i]) for i in range(self._count)] + [0.0]
        inside = (
            _SENTENCE_END_INSIDE * begins[i] + _LONG_PAUSE_INSIDE * (pauses[i] >= _LONG_PAUSE_MS)
            for i in range(self._count)
        )
        self._inside_costs = list(accumulate(inside, initial=0.0))

    def cuts(self) -> list[tuple[int, int]]:
        """Each cue's first word and the one behind its last."""
        least = [0.0] * (self._count + 1)
        ends = [0] * self._count
        for first in reversed(range(self._count)):
            least[first], ends[first] = min(
                (self._cost(first, end) + least[end], end) for end in self._candidates(first)
            )
        cuts, first = [], 0
        while first < self._count:
            cuts.append((first, ends[first]))
            first = ends[first]
        return cuts

    def _candidates(self, first: int) -> range:
        """Where a cue that begins with word `first` can end: it fits two lines and is spoken in time."""
        second_line = max(first + 1, self._fitting(first))
        spoken = bisect_right(self.ends, self.starts[first] + MAX_CUE_MS)
        return range(first + 1, max(first + 1, min(self._fitting(second_line), spoken)) + 1)

    def _fitting(self, first: int) -> int:
        """Behind the last word that a line which begins with word `first` has room for."""
        return bisect_right(self._offsets, self._offsets[first] + LINE_CHARACTERS + 1) - 1

    def _cost(self, first: int, end: int) -> float:
        characters = self._offsets[end] - self._offsets[first] - 1
        start = self.starts[first]
        limit = self.starts[end] if end < self._count else None
        shown = _shown_until(start, self.ends[end - 1], characters, limit) - start
        cost = _CUE_COST + self._break_costs[end] + self._inside_costs[end] - self._inside_costs[first + 1]
        if shown < MIN_CUE_MS:
            shown = shown or 1
            cost += (MIN_CUE_MS - shown) / 1_000 * _SECOND_TOO_SHORT
        too_fast = characters * 1_000 / shown - MAX_CHARACTERS_PER_SECOND
        if too_fast > _MOST_TOO_FAST:  # noqa: PLR1730 - see _shown_until
            too_fast = _MOST_TOO_FAST
        return cost + too_fast * _CHARACTER_PER_SECOND_TOO_FAST if too_fast > 0 else cost


def _break_cost(words: Sequence[Word], i: int, pause: int, begins_sentence: bool) -> float:
    """What it costs to break before word i."""
    if i == 0 or begins_sentence:
        return 0.0
    if pause >= _PAUSE_MS:
        return _BREAK_AT_PAUSE
    return _BREAK_AFTER_CLAUSE if words[i - 1].text[-1] in ",;:–—" else _BREAK_IN_PHRASE


def _milliseconds(second: float) -> int:
    return round(second * 1_000)


def _ends(words: Sequence[Word], starts: Sequence[int]) -> list[int]:
    """The words' ends, none after the next word's start: models let words overlap by some hundredths."""
    limits = [*starts, None][1:]
    return [
        max(start, _milliseconds(word.end) if limit is None else min(_milliseconds(word.end), limit))
        for word, start, limit in zip(words, starts, limits, strict=True)
    ]


def _shown_until(start: int, spoken_until: int, characters: int, limit: int | None) -> int:
    """Long enough to be read, but not into the next cue, nor beyond what one may take."""
    # Asked for most of all: a call of `max` takes as long as ten comparisons, and with them all takes twice as long.
    wanted = start + MIN_CUE_MS
    readable = start + characters * 1_000 // MAX_CHARACTERS_PER_SECOND
    if wanted < readable:  # noqa: PLR1730
        wanted = readable
    if wanted < spoken_until:  # noqa: PLR1730
        wanted = spoken_until
    latest = start + MAX_CUE_MS
    if limit is not None and limit < latest:
        latest = limit
    return wanted if wanted < latest else latest  # noqa: FURB136


def _timed(
    words: Sequence[Word], starts: Sequence[int], ends: Sequence[int], cuts: Sequence[tuple[int, int]]
) -> list[_Cue]:
    """The cues with their times. Words of one instant, which only a broken model gives, push each other by 1 ms."""
    cues: list[_Cue] = []
    for first, end in cuts:
        texts = [word.text for word in words[first:end]]
        start = max(starts[first], cues[-1].end if cues else 0)
        limit = starts[end] if end < len(words) else None
        until = _shown_until(start, ends[end - 1], len(" ".join(texts)), limit)
        cues.append(_Cue(start, max(until, start + 1), _lines(texts)))
    return cues


def _lines(texts: Sequence[str]) -> tuple[str, ...]:
    """One line where it fits; else two, broken after punctuation where that is near the middle."""
    whole = " ".join(texts)
    if len(whole) <= LINE_CHARACTERS:
        return (whole,)
    pairs = [(" ".join(texts[:i]), " ".join(texts[i:])) for i in range(1, len(texts))]
    fitting = [pair for pair in pairs if max(map(len, pair)) <= LINE_CHARACTERS]
    return min(fitting, key=_imbalance)


def _imbalance(pair: tuple[str, str]) -> int:
    upper, lower = pair
    return abs(len(upper) - len(lower)) - (12 if upper[-1] in ".?!,;:–—" else 0)
