"""Wrong answers: other things of the same lecture, of the same kind as the right one and not too close to it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from adapters.language_model.extractive.definitions import shares_stem
from adapters.language_model.extractive.reading import NOUN, Definition, Reading, Term
from schemas.quizzes import OPTIONS_PER_QUESTION

WRONG = OPTIONS_PER_QUESTION - 1
MAX_TERMS = 300  # the most frequent ones: 1.2 s of embedding on one thread
MAX_MEANINGS = 100
TOO_CLOSE = 0.72  # cosine: above lie synonyms and names of one thing, which would be right too
DEFINED_BONUS, COUNT_BONUS, MAX_COUNT = 0.3, 0.04, 4  # a term the lecture explains tempts more than a passing noun
LENGTH_RATIO = 2.5  # an option that is so much longer or shorter is seen through
YEAR_STEPS = (-14, -11, -9, -7, -5, -3, 3, 4, 6, 8, 10, 13)
LAST_YEAR = 2020  # no invented year lies in a student's future

Vectors = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Glossary:
    """What a whole lecture offers as options: its terms by frequency and its definitions."""

    terms: tuple[Term, ...]
    counts: Mapping[str, int]
    definitions: tuple[Definition, ...]

    @property
    def texts(self) -> list[str]:
        """What must be embedded before options can be chosen."""
        return [*(term.text for term in self.terms), *(d.meaning for d in self.definitions)]

    def usual(self, term: Term) -> Term:
        """The term as it is said most often, in the same number."""
        return next((t for t in self.terms if (t.key, t.is_plural) == (term.key, term.is_plural)), term)

    @property
    def defined(self) -> frozenset[str]:
        """The keys of the terms that the lecture explains."""
        return frozenset(definition.term.key for definition in self.definitions)


def glossary_of(readings: Sequence[Reading]) -> Glossary:
    """The lecture's terms, one and many apart, each in the form and of the kind in which it is said most often."""
    forms: dict[tuple[str, bool], Counter[Term]] = {}
    definitions = [reading.definition for reading in readings if reading.definition]
    for term in (*(t for reading in readings for t in reading.terms), *(d.term for d in definitions)):
        forms.setdefault((term.key, term.is_plural), Counter())[term] += 1
    counts: Counter[str] = Counter()
    for (key, _), said in forms.items():
        counts[key] += said.total()
    defined = {definition.term.key for definition in definitions}
    ranked = sorted(forms, key=lambda form: (form[0] not in defined, -counts[form[0]], form))[:MAX_TERMS]
    usual = (min(forms[form].items(), key=lambda f: (-f[1], f[0].kind != NOUN, f[0].text))[0] for form in ranked)
    return Glossary(tuple(usual), counts, tuple(definitions[:MAX_MEANINGS]))


class Options:
    """Chooses the wrong answers for one lecture."""

    def __init__(self, glossary: Glossary, vectors: Vectors) -> None:
        self._glossary = glossary
        self._vectors = vectors

    def for_term(self, answer: Term, stem: str) -> list[Term]:
        """Terms that fit the blank and are wrong; fewer than three mean: do not ask this."""
        ranked = sorted(self._fitting(answer, stem), key=lambda scored: (-scored[0], scored[1].key))
        return _apart(answer, (term for _, term in ranked))

    def for_meaning(self, asked: Definition) -> list[str]:
        """Meanings of other terms, of about the same length and the same number."""
        found = []
        for other in self._glossary.definitions:
            ratio = len(other.meaning) / len(asked.meaning)
            alike = self._similarity(asked.meaning, other.meaning)
            fits = other.is_generic and other.verb == asked.verb and 1 / LENGTH_RATIO <= ratio <= LENGTH_RATIO
            told = shares_stem(asked.term.key, other.meaning.lower()) or shares_stem(other.term.key, asked.meaning)
            if fits and not told and alike <= TOO_CLOSE and other.term.key != asked.term.key:
                found.append((alike, other.meaning))
        return _distinct([meaning for _, meaning in sorted(found, key=lambda f: (-f[0], f[1]))])

    def _fitting(self, answer: Term, stem: str) -> Iterator[tuple[float, Term]]:
        lower = stem.lower()
        for term in self._glossary.terms:
            if term.kind != answer.kind or term.is_plural != answer.is_plural or shares_stem(term.key, lower):
                continue
            alike = self._similarity(answer.text, term.text)
            if alike <= TOO_CLOSE:
                defined = DEFINED_BONUS if term.key in self._glossary.defined else 0
                often = COUNT_BONUS * min(self._glossary.counts[term.key], MAX_COUNT) if answer.kind == NOUN else 0
                yield alike + defined + often, term

    def _similarity(self, one: str, other: str) -> float:
        """Rounded, so that another machine's last digits change no quiz."""
        if one not in self._vectors or other not in self._vectors:
            return 0.0
        return round(sum(a * b for a, b in zip(self._vectors[one], self._vectors[other], strict=True)), 3)


def _apart(answer: Term, ranked: Iterable[Term]) -> list[Term]:
    """The first three that share no word with the answer or with each other."""
    chosen = [answer]
    for term in ranked:
        if len(chosen) <= WRONG and not any(shares_stem(term.key, other.key) for other in chosen):
            chosen.append(term)
    return chosen[1:]


def _distinct(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(texts))[:WRONG]


def wrong_years(year: int, said: Iterable[int], stem: str) -> list[str]:
    """Other years of the lecture first, the nearest ones; then invented ones close by."""
    near = sorted(
        {other for other in said if 2 <= abs(other - year) <= 120}, key=lambda other: (abs(other - year), other)
    )
    invented = in_no_order([str(year + step) for step in YEAR_STEPS if year + step <= max(LAST_YEAR, year)], stem)
    chosen: list[int] = []
    for candidate in (*near[:2], *map(int, invented)):
        if len(chosen) < WRONG and all(abs(candidate - other) >= 2 for other in (*chosen, year)):
            chosen.append(candidate)
    return [str(candidate) for candidate in chosen]


def in_no_order(options: Iterable[str], seed: str) -> list[str]:
    """The options as if shuffled, and always the same way for the same seed."""
    return sorted(options, key=lambda option: sha256(f"{seed}/{option}".encode()).digest())
