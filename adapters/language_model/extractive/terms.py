"""Terms: the nouns and names of a sentence that can be an answer, right or wrong."""

from collections.abc import Iterator, Sequence
from typing import Any

from adapters.language_model.extractive.reading import NAME, NOUN, Term
from adapters.language_model.extractive.vocabulary import (
    EMPTY_ADJECTIVES,
    EMPTY_NOUNS,
    ENTITY_KINDS,
    POINTERS,
    SPEAKERS,
)

MAX_TERM_WORDS = 4
MIN_TERM_LETTERS = 3
_INNER = frozenset({"NOUN", "PROPN", "ADJ"})


def terms_of(doc: Any) -> Iterator[tuple[Term, int, int]]:
    """Each term with its place: first token, and the token after its last."""
    for entity in doc.ents:
        kind = kind_of(entity.root)
        part_of_more = entity.root.dep_ == "compound" and entity.root.head.i >= entity.end  # "the Haber process"
        if kind and not part_of_more and (found := term_at(entity, kind)):
            yield found
    for chunk in doc.noun_chunks:
        kind = NAME if is_name(chunk.root) else NOUN
        if (
            not (chunk[0].tag_ == "PRP$" and chunk[0].lower_ in SPEAKERS)
            and not any(is_name(token) and token.ent_type_ for token in chunk)
            and (found := term_at(chunk, kind))
        ):
            yield found


def is_name(token: Any) -> bool:
    """Whether the token belongs to a name; spaCy's entities alone also hold "Photosynthesis" at a sentence's start."""
    return token.tag_ in {"NNP", "NNPS"}


def kind_of(token: Any) -> str:
    """The kind of entity that a token belongs to, empty where it is none that can be asked about."""
    return ENTITY_KINDS.get(token.ent_type_, "") if is_name(token) else ""


def term_at(span: Sequence[Any], kind: str, is_defined: bool = False) -> tuple[Term, int, int] | None:
    """The term inside a span of tokens, without its article and what fits everything; None where nothing is left.

    What a lecture defines (`is_defined`) may be a word that says nothing elsewhere: "share", "type".
    """
    tokens = list(span)
    while tokens and _is_outer(tokens[0], kind):
        tokens = tokens[1:]
    while tokens and (tokens[-1].is_punct or tokens[-1].tag_ == "POS"):
        tokens = tokens[:-1]
    if not tokens or not _is_term(tokens, kind, is_defined):
        return None
    text = tokens[0].doc[tokens[0].i : tokens[-1].i + 1].text
    if kind == NOUN and tokens[0].i == 0 and not text[1:2].isupper():
        text = text[0].lower() + text[1:]
    key = " ".join(token.lemma_.lower() for token in tokens if token.is_alpha)
    is_plural = tokens[-1].tag_ in {"NNS", "NNPS"} or any(token.dep_ == "cc" for token in tokens)
    return Term(key, text, kind, is_plural and kind == NOUN), tokens[0].i, tokens[-1].i + 1


def _is_outer(token: Any, kind: str) -> bool:
    if token.pos_ == "DET" or token.is_punct or token.tag_ in {"PRP$", "CD", "POS"}:
        return True
    return kind == NOUN and (token.lower_ in EMPTY_ADJECTIVES or token.pos_ in {"ADV", "NUM", "ADP"})


def _is_term(tokens: Sequence[Any], kind: str, is_defined: bool) -> bool:
    head = tokens[-1]
    if len(tokens) > MAX_TERM_WORDS or sum(len(token) for token in tokens) < MIN_TERM_LETTERS:
        return False
    if not all(token.is_alpha or "-" in token.text for token in tokens) or any(t.lower_ in POINTERS for t in tokens):
        return False
    if kind != NOUN:
        return any(token.text[0].isupper() for token in tokens)
    return (
        (head.pos_ == "NOUN" or is_defined)
        and (is_defined or head.lemma_.lower() not in EMPTY_NOUNS)
        and all(token.pos_ in _INNER or token.text == "-" for token in tokens)
        and not any(token.tag_ in {"JJR", "JJS"} for token in tokens)
        and not head.is_stop
    )
