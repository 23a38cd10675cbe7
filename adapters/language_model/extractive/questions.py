"""From a reading to the questions it can be asked, each with a score."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from adapters.language_model.extractive.definitions import shares_stem
from adapters.language_model.extractive.distractors import WRONG, Glossary, Options, in_no_order, wrong_years
from adapters.language_model.extractive.reading import NOUN, Definition, Gap, Reading, Term, YearGap
from schemas.quizzes import DraftQuestion, QuestionKind

# Definitions come before everything else; a natural question beats a blank; a name beats a common noun.
DEFINITION, NATURAL, BLANK, NAMED = 4.0, 1.4, 0.8, 0.3
MIN_COUNT = 2  # of a common noun: said once and not defined, it is not what the lecture is about
TURNED = 3  # about one definition in three is asked the other way round ("What is a delta?")
BLANK_SIGN = "_____"
MAX_EXPLANATION = 300  # characters: past that nobody reads it


@dataclass(frozen=True)
class Scored:
    """A question that could be asked; `place` is its sentence's, and `answer` is what no other may ask for."""

    score: float
    place: int
    answer: str
    draft: DraftQuestion

    @property
    def is_definition(self) -> bool:
        """Whether it asks for what the lecture defines."""
        return self.draft.kind == QuestionKind.DEFINITION


class Questions:
    """Writes the questions of one lecture. `weights` says how central a base form is to it, 0 to 1."""

    def __init__(
        self, glossary: Glossary, options: Options, weights: Mapping[str, float], years: frozenset[int]
    ) -> None:
        self._glossary = glossary
        self._meanings = {definition.term.key: definition for definition in glossary.definitions}
        self._options = options
        self._weights = weights
        self._years = years

    def about(self, place: int, reading: Reading) -> Iterator[Scored]:
        """All fair questions on one sentence."""
        weight = sum(self._weights.get(lemma, 0) for lemma in sorted(reading.lemmas)) / (len(reading.lemmas) or 1)
        for bonus, answer, draft in self._drafts(reading):
            if is_fair(draft):
                yield Scored(round(bonus + weight, 4), place, answer, draft)

    def _drafts(self, reading: Reading) -> Iterator[tuple[float, str, DraftQuestion]]:
        if found := reading.definition:
            turned = sha256(found.term.key.encode()).digest()[0] % TURNED == 0
            for draft in self._for_term(reading, found):
                yield DEFINITION, found.term.key, draft
            for draft in self._for_meaning(reading, found):
                yield DEFINITION + (0.1 if turned else -0.1), found.term.key, draft
        for gap in reading.gaps:
            for draft in self._for_gap(reading, gap):
                named = NAMED if gap.term.kind != NOUN else 0
                yield (NATURAL if gap.ask else BLANK) + named, gap.term.key, draft
        for year in reading.years:
            yield (NATURAL if year.ask else BLANK) + NAMED, str(year.year), self._for_year(reading, year)

    def _for_term(self, reading: Reading, found: Definition) -> Iterator[DraftQuestion]:
        answer = self._glossary.usual(found.term)
        stem = _term_stem(found, answer)
        wrong = self._options.for_term(answer, stem)
        if len(wrong) == WRONG:
            why = self._contrast(found, answer, wrong[0]) or _quote(reading.text)
            yield _draft(QuestionKind.DEFINITION, stem, answer.text, [t.text for t in wrong], why, reading)

    def _for_meaning(self, reading: Reading, found: Definition) -> Iterator[DraftQuestion]:
        answer = self._glossary.usual(found.term)
        wrong = self._options.for_meaning(found)
        if found.is_generic and len(wrong) == WRONG:
            stem, why = f"What {found.verb} {_subject(found, answer)}?", _quote(reading.text)
            yield _draft(QuestionKind.DEFINITION, stem, found.meaning, wrong, why, reading)

    def _for_gap(self, reading: Reading, gap: Gap) -> Iterator[DraftQuestion]:
        answer = self._glossary.usual(gap.term)
        said_often = bool(gap.ask) and self._glossary.counts[answer.key] >= MIN_COUNT
        rare = not said_often and answer.key not in self._glossary.defined
        if answer.kind != gap.term.kind or (answer.kind == NOUN and rare):
            return
        wrong = self._options.for_term(answer, reading.text)
        if len(wrong) == WRONG:
            kind = QuestionKind.COMPREHENSION if gap.ask else QuestionKind.CLOZE
            stem, texts = gap.ask or _blank(gap.before, gap.after), [term.text for term in wrong]
            yield _draft(kind, stem, gap.term.text, texts, _quote(reading.text), reading)

    def _for_year(self, reading: Reading, gap: YearGap) -> DraftQuestion:
        stem = gap.ask or _blank(gap.before, gap.after)
        kind = QuestionKind.COMPREHENSION if gap.ask else QuestionKind.CLOZE
        wrong = wrong_years(gap.year, self._years, stem)
        return _draft(kind, stem, str(gap.year), wrong, _quote(reading.text), reading)

    def _contrast(self, found: Definition, answer: Term, tempting: Term) -> str:
        """What the right answer means and what the most tempting wrong one does, where the lecture defines both."""
        other = self._meanings.get(tempting.key)
        if not found.subject or not other or not other.subject:
            return ""
        this, that = _subject(found, answer), _subject(other, tempting)
        said = (
            f"{this[:1].upper()}{this[1:]} {found.verb} {found.meaning}, whereas {that} {other.verb} {other.meaning}."
        )
        return said if len(said) <= MAX_EXPLANATION else ""


def _term_stem(found: Definition, answer: Term) -> str:
    if found.ask:
        return found.ask
    if answer.kind == "PERSON":
        return f"Who {found.verb} {found.meaning}?"
    if found.is_generic and found.verb == "is":
        return f"What do we call {found.meaning}?"
    return f"Which of these {found.verb} {found.meaning}?"


def _subject(found: Definition, term: Term) -> str:
    """The thing defined with its article, as in the middle of a sentence."""
    article, _, rest = found.subject.partition(" ")
    return f"{article.lower()} {term.text}" if rest and article.lower() in {"a", "an", "the"} else term.text


def _blank(before: str, after: str) -> str:
    return f"Complete the sentence: “{before}{BLANK_SIGN}{after}”"


def _quote(text: str) -> str:
    said = text.strip().rstrip(".,;:!")
    said = said if len(said) <= MAX_EXPLANATION else f"{said[:MAX_EXPLANATION].rsplit(' ', 1)[0]} …"
    return f"The lecture says: “{said[:1].upper()}{said[1:]}.”"


def _draft(kind: QuestionKind, stem: str, answer: str, wrong: list[str], why: str, reading: Reading) -> DraftQuestion:
    options = in_no_order([answer, *wrong], stem)
    return DraftQuestion(
        kind=kind,
        stem=stem,
        options=tuple(options),
        answer_index=options.index(answer),
        explanation=why,
        quotation=reading.text,
    )


def is_fair(draft: DraftQuestion) -> bool:
    """Whether the stem keeps the answer to itself and all options differ."""
    answer = draft.options[draft.answer_index].lower()
    distinct = {option.casefold() for option in draft.options}
    told = shares_stem(answer, draft.stem.lower()) if len(answer.split()) <= 4 else answer in draft.stem.lower()
    return len(distinct) == len(draft.options) and not told
