"""What makes a drafted question fit for students: pure checks against the transcript. Nothing a model says is believed.

Two ways to compare texts: `_tokens` (letters and digits only) to find words that were spoken, because a model may write
"Don’t stop" where the transcript has "don't, stop"; `_same` (case, blanks, a last full stop) to tell options apart,
because "C" and "C++", or "5" and "-5", are different answers.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from uuid import UUID

from schemas import ids
from schemas.quizzes import OPTIONS_PER_QUESTION, DraftQuestion, Question, QuestionKind
from schemas.transcripts import Segment, Word
from schemas.words import plain_text, words_of

MIN_QUOTED_WORDS = 4  # fewer are found anywhere by chance, unless they are a whole sentence
MAX_QUOTED_WORDS = 120  # a minute of speech: beyond, it says nowhere in particular
MAX_STEM_CHARACTERS = 500
MAX_OPTION_CHARACTERS = 200
MAX_EXPLANATION_CHARACTERS = 1_000

_TOKEN = re.compile(r"[^\W_]+")
# Tags (also unclosed ones with attributes), character references, and Markdown's links and pictures: a page that trusts
# us must not run or fetch them. "a < b" and "x<y" are none.
_MARKUP = re.compile(
    r"<[/!?]?[a-z][^>]*>|<!--|<[a-z][a-z0-9-]*[\s/][^>]*=|&(?:#\w+|\w+);|!?\[[^\]]*\]\([^)]*\)", re.IGNORECASE
)
_CURLY = str.maketrans("‘’‚‛“”„‟", "''''\"\"\"\"")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*$")


class Reason(StrEnum):
    """Why a draft is refused."""

    STEM_EMPTY = "stem_empty"
    STEM_REPEATED = "stem_repeated"
    STEM_TELLS_ANSWER = "stem_tells_answer"
    OPTIONS_NOT_FOUR = "options_not_four"
    OPTION_EMPTY = "option_empty"
    OPTIONS_ALIKE = "options_alike"
    ANSWER_OUT_OF_RANGE = "answer_out_of_range"
    TOO_LONG = "too_long"
    MARKUP = "markup"
    QUOTATION_TOO_SHORT = "quotation_too_short"
    QUOTATION_NOT_SPOKEN = "quotation_not_spoken"
    ANSWER_NOT_QUOTED = "answer_not_quoted"


@dataclass(frozen=True)
class Rejection:
    """The number of a draft, counted from 0, and what is wrong with it first."""

    draft: int
    reason: Reason


@dataclass(frozen=True)
class Report:
    """The questions that may be shown, in the lecture's order, and the drafts that may not."""

    questions: tuple[Question, ...]
    rejections: tuple[Rejection, ...]


@dataclass(frozen=True)
class _Found:
    text: str
    start_second: float
    end_second: float
    is_sentence: bool


def check_drafts(drafts: Sequence[DraftQuestion], segments: Sequence[Segment], quiz_id: UUID, at_most: int) -> Report:
    """The first `at_most` sound drafts as questions, each quoting the transcript's own words with their times."""
    spoken = _Spoken(words_of(segments))
    accepted: list[tuple[DraftQuestion, _Found]] = []
    rejections: list[Rejection] = []
    stems: set[str] = set()
    for number, draft in enumerate(map(_plain, drafts)):
        found = spoken.find(draft.quotation)
        reason = _fault_of_form(draft, stems) or _fault_of_quotation(draft, found)
        if reason is not None or found is None:
            rejections.append(Rejection(number, reason or Reason.QUOTATION_NOT_SPOKEN))
        elif len(accepted) < at_most:
            stems.add(_same(draft.stem))
            accepted.append((draft, found))
    accepted.sort(key=lambda pair: (pair[1].start_second, pair[0].stem))
    questions = (_question(quiz_id, position, *pair) for position, pair in enumerate(accepted))
    return Report(tuple(questions), tuple(rejections))


def _question(quiz_id: UUID, position: int, draft: DraftQuestion, found: _Found) -> Question:
    return Question(
        id=ids.question_id(quiz_id, draft.stem),
        position=position,
        kind=draft.kind,
        stem=draft.stem,
        options=draft.options,
        answer_index=draft.answer_index,
        explanation=draft.explanation,
        quotation=found.text,
        start_second=found.start_second,
        end_second=found.end_second,
    )


def _plain(draft: DraftQuestion) -> DraftQuestion:
    return draft.model_copy(
        update={
            "stem": plain_text(draft.stem),
            "options": tuple(plain_text(option) for option in draft.options),
            "explanation": plain_text(draft.explanation),
            "quotation": plain_text(draft.quotation),
        }
    )


def _fault_of_form(draft: DraftQuestion, stems: set[str]) -> Reason | None:
    """What is wrong with the draft in itself."""
    if not _TOKEN.search(draft.stem):
        return Reason.STEM_EMPTY
    if _same(draft.stem) in stems:
        return Reason.STEM_REPEATED
    if fault := _fault_of_options(draft):
        return fault
    if (
        len(draft.stem) > MAX_STEM_CHARACTERS
        or len(draft.explanation) > MAX_EXPLANATION_CHARACTERS
        or any(len(option) > MAX_OPTION_CHARACTERS for option in draft.options)
    ):
        return Reason.TOO_LONG
    if any(_MARKUP.search(text) for text in (draft.stem, draft.explanation, *draft.options)):
        return Reason.MARKUP
    tells = draft.kind is not QuestionKind.COMPREHENSION and _says(draft.stem, draft.options[draft.answer_index])
    return Reason.STEM_TELLS_ANSWER if tells else None


def _fault_of_options(draft: DraftQuestion) -> Reason | None:
    if len(draft.options) != OPTIONS_PER_QUESTION:
        return Reason.OPTIONS_NOT_FOUR
    if not all(draft.options):
        return Reason.OPTION_EMPTY
    if len({_same(option) for option in draft.options}) < OPTIONS_PER_QUESTION:
        return Reason.OPTIONS_ALIKE
    return None if 0 <= draft.answer_index < OPTIONS_PER_QUESTION else Reason.ANSWER_OUT_OF_RANGE


def _fault_of_quotation(draft: DraftQuestion, found: _Found | None) -> Reason | None:
    """What is wrong between the draft and the lecture."""
    if found is None:
        return Reason.QUOTATION_NOT_SPOKEN
    words = len(found.text.split())
    if words > MAX_QUOTED_WORDS:
        return Reason.TOO_LONG
    if words < MIN_QUOTED_WORDS and not found.is_sentence:
        return Reason.QUOTATION_TOO_SHORT
    is_quoted = draft.kind is not QuestionKind.CLOZE or _says(found.text, draft.options[draft.answer_index])
    return None if is_quoted else Reason.ANSWER_NOT_QUOTED


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())


def _same(text: str) -> str:
    """What two texts share that a student would call the same; a last "!" or "'" stays, for n! is not n, nor f' f."""
    folded = " ".join(unicodedata.normalize("NFC", text).casefold().translate(_CURLY).split())
    return folded.rstrip(" .,;:") or folded


def _says(text: str, phrase: str) -> bool:
    """Whether the text has the phrase in it, as whole words."""
    inner = _tokens(phrase)
    return _spaced(inner) in _spaced(_tokens(text)) if inner else _same(phrase) in _same(text)


def _spaced(tokens: Sequence[str]) -> str:
    """The tokens so that a run of whole ones is a part of the string."""
    return f" {' '.join(tokens)} "


class _Spoken:
    """A transcript's words, to be searched by their tokens."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._words = words
        tokens = [(token, i) for i, word in enumerate(words) for token in _tokens(word.text)]
        self._text = _spaced([token for token, _ in tokens])
        self._places = [place for _, place in tokens]
        self._offsets = list(accumulate((len(token) + 1 for token, _ in tokens), initial=0))

    def find(self, quotation: str) -> _Found | None:
        """The first words that are spoken as the quotation has them."""
        tokens = _tokens(quotation)
        at = self._text.find(_spaced(tokens)) if tokens else -1
        if at < 0:
            return None
        number = bisect_left(self._offsets, at)
        first, last = self._places[number], self._places[number + len(tokens) - 1]
        quoted = self._words[first : last + 1]
        return _Found(
            text=" ".join(word.text for word in quoted),
            start_second=quoted[0].start,
            end_second=max(word.end for word in quoted),
            is_sentence=self._ends_sentence(first - 1) and self._ends_sentence(last),
        )

    def _ends_sentence(self, place: int) -> bool:
        at_border = place < 0 or place == len(self._words) - 1
        return at_border or _SENTENCE_END.search(self._words[place].text) is not None
