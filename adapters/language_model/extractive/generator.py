"""A quiz out of a lecture's own sentences: no language model, no key, no network, and the same quiz every time."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

from adapters.language_model.extractive.distractors import Glossary, Options, glossary_of
from adapters.language_model.extractive.questions import Questions, Scored
from adapters.language_model.extractive.reading import Reading
from adapters.language_model.extractive.tagger import MODEL, Tagger
from adapters.sentences import NupunktSentences
from schemas.chunks import Vectors
from schemas.quizzes import DraftQuestion, Drafts
from schemas.transcripts import Segment, Word
from schemas.usage import Usage
from schemas.words import words_of

VERSION = 1  # counts changes that change a quiz
MIN_WORDS, MAX_WORDS = 5, 40  # of a sentence: shorter ones say nothing, longer ones are several
READABLE = re.compile(r"[\w\s.,;:!?'’‘\"“”%&$€£°–—-]+")  # what has brackets, code or emoji in it is not plain speech
MAX_SENTENCES = 5_000  # some ten hours of speech
TRUSTED = 0.55  # a word that the speech model believes less is asked about only where it is heard again, and better


class Embedder(Protocol):
    """Measures how near two terms are in meaning; any embedding model will do."""

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit vector per text, in the texts' order."""


class ExtractiveQuizGenerator:
    """Asks for the lecture's definitions first, then for the subjects, years and terms of its plainest sentences.

    It proposes what it can defend and no more: a lecture that defines nothing gets no questions. Reads English.
    """

    provider = "local"
    model = f"extractive-{VERSION} {MODEL}"

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._tagger = Tagger()

    def warm_up(self) -> None:
        """Load the tagger now; in another thread or before the event loop, for it blocks.

        Raises: PartMissing (permanent).
        """
        self._tagger.warm_up()

    async def propose(self, title: str, segments: Sequence[Segment], count: int) -> Drafts:  # noqa: ARG002 - not needed
        """Up to `count` questions, definitions first, each group in the lecture's order.

        A quotation is a sentence of the words joined by one space (`schemas.words.words_of`), letter by letter.
        Raises: PartMissing (permanent), and what the embedder raises.
        """
        readings = await asyncio.to_thread(self._read, segments)
        glossary = glossary_of(readings)
        texts = list(dict.fromkeys(glossary.texts))
        if not texts or count < 1:
            return Drafts(questions=(), usage=Usage())
        vectors = (await self._embedder.embed(texts)).vectors
        options = Options(glossary, dict(zip(texts, vectors, strict=True)))
        questions = await asyncio.to_thread(_compose, readings, glossary, options, count)
        return Drafts(questions=questions, usage=Usage())

    def _read(self, segments: Sequence[Segment]) -> list[Reading]:
        words = words_of(segments)
        text = " ".join(word.text for word in words)
        spans = NupunktSentences().split(text) if text else []
        sentences = dict.fromkeys(text[start:end].strip() for start, end in spans)
        usable = [s for s in sentences if MIN_WORDS <= len(s.split()) <= MAX_WORDS and READABLE.fullmatch(s)]
        return self._tagger.read(usable[:MAX_SENTENCES], _doubtful(words)) if usable else []


def _doubtful(words: Iterable[Word]) -> frozenset[str]:
    best: dict[str, float] = {}
    for word in words:
        key = word.text.strip(".,;:!?\"'“”‘’()").lower()
        best[key] = max(best.get(key, 0), word.probability)
    return frozenset(key for key, probability in best.items() if probability < TRUSTED)


def _compose(
    readings: Sequence[Reading], glossary: Glossary, options: Options, count: int
) -> tuple[DraftQuestion, ...]:
    years = frozenset(year.year for reading in readings for year in reading.years)
    questions = Questions(glossary, options, _weights(readings, glossary), years)
    found = [scored for place, reading in enumerate(readings) for scored in questions.about(place, reading)]
    chosen: list[Scored] = []
    for tier in (True, False):
        _spread([scored for scored in found if scored.is_definition == tier], len(readings), count, chosen)
    return tuple(scored.draft for scored in sorted(chosen, key=lambda s: (not s.is_definition, s.place)))


def _weights(readings: Sequence[Reading], glossary: Glossary) -> dict[str, float]:
    """How often a base form occurs, the most frequent being 1; a term that is defined counts full."""
    counts = Counter(lemma for reading in readings for lemma in reading.lemmas)
    most = max(counts.values(), default=1)
    return {lemma: n / most for lemma, n in counts.items()} | dict.fromkeys(glossary.defined, 1.0)


def _spread(found: Sequence[Scored], sentences: int, count: int, chosen: list[Scored]) -> None:
    """Add the best up to `count`, one a sentence and answer, and as evenly over the lecture as that allows."""
    ranked = sorted(found, key=lambda s: (-s.score, s.place, s.draft.stem))
    for limit in range(1, count + 1):
        for scored in ranked:
            stretch = scored.place * count // sentences
            crowd = sum(1 for other in chosen if other.place * count // sentences == stretch)
            taken = any(o.place == scored.place or o.answer == scored.answer for o in chosen)
            if len(chosen) < count and crowd < limit and not taken:
                chosen.append(scored)
