"""What one sentence offers for a question: plain values, so that nothing of spaCy leaves `tagger.py`."""

from dataclasses import dataclass

NOUN = "NOUN"  # the kind of a term that is no name
NAME = "NAME"  # the kind of a name of which spaCy says no more


@dataclass(frozen=True)
class Term:
    """Something a question can have as its answer; `key` is the same for all forms of it, `text` has no article."""

    key: str
    text: str
    kind: str
    is_plural: bool

    @property
    def lemmas(self) -> frozenset[str]:
        """Its words in their base forms."""
        return frozenset(self.key.split())


@dataclass(frozen=True)
class Definition:
    """`subject` (with its article) `verb` `meaning`, as in "A delta" "is" "a flat area of mud".

    `ask` is a stem that asks for the term, where the sentence itself suggests one ("What are ... called?").
    """

    term: Term
    subject: str
    verb: str
    meaning: str
    is_generic: bool
    ask: str = ""


@dataclass(frozen=True)
class Gap:
    """A term's place in its sentence; `ask` is a natural question for it, empty where only a blank can ask."""

    term: Term
    before: str
    after: str
    ask: str = ""


@dataclass(frozen=True)
class YearGap:
    """A year's place in its sentence, or a natural question for it."""

    year: int
    before: str
    after: str
    ask: str = ""


@dataclass(frozen=True)
class Reading:
    """A sentence of the transcript and what it offers. `lemmas` are its content words in their base forms."""

    text: str
    lemmas: frozenset[str]
    terms: tuple[Term, ...] = ()
    definition: Definition | None = None
    gaps: tuple[Gap, ...] = ()
    years: tuple[YearGap, ...] = ()
