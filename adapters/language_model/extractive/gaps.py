"""Gaps: places of a sentence where a term or a year can be asked for."""

import re
from collections.abc import Iterator
from typing import Any

from adapters.language_model.extractive.definitions import lower_first, shares_stem, without_spurious_comma
from adapters.language_model.extractive.reading import NOUN, Gap, Term, YearGap
from adapters.language_model.extractive.terms import terms_of
from adapters.language_model.extractive.vocabulary import (
    ANAPHORS,
    EMPTY_NOUNS,
    META,
    NOBODIES,
    OPENERS,
    POINTERS,
    SPEAKERS,
)

MIN_CONTENT_WORDS = 4  # fewer leave a blank that anything fits
MIN_REST_WORDS = 3  # content words that stay in the stem
YEAR = re.compile(r"1[0-9]{3}|20[0-9]{2}")
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_BEFORE_YEAR = re.compile(rf"\b(?:in|by|since|until|around|about|year|of|{_MONTHS}) $", re.IGNORECASE)
_SUBJECTS = frozenset({"nsubj", "nsubjpass"})
_OPENING_ADVERBS = frozenset({"however", "therefore", "thus", "hence", "instead", "otherwise", "moreover", "meanwhile"})


def stands_alone(doc: Any) -> bool:
    """Whether the sentence can be understood without those before it, and is about its subject, not the lecture."""
    root = next((token for token in doc if token.dep_ == "ROOT"), None)
    subject = next((token for token in root.lefts if token.dep_ in _SUBJECTS), None) if root is not None else None
    if root is None or root.pos_ not in {"VERB", "AUX"} or subject is None or _points_back(subject):
        return False
    if doc[0].lower_ in OPENERS | _OPENING_ADVERBS | ANAPHORS or doc[0].dep_ in {"cc", "intj"} or "?" in doc.text:
        return False
    if any(token.lower_ in SPEAKERS | NOBODIES or token.lemma_.lower() in META for token in doc):
        return False
    if any(token.lower_ in POINTERS and token.tag_ in {"DT", "JJ", "RB", "PDT"} for token in doc):
        return False
    nouns = [token.i for token in doc if token.pos_ in {"NOUN", "PROPN"}]
    pronouns = [token.i for token in doc if token.lower_ in ANAPHORS]
    content = sum(1 for token in doc if token.is_alpha and not token.is_stop)
    return content >= MIN_CONTENT_WORDS and all(nouns and nouns[0] < place for place in pronouns)


def _points_back(subject: Any) -> bool:
    """Whether it is like "The idea was not new": which one, the sentence before has said."""
    return subject.lemma_.lower() in EMPTY_NOUNS and all(child.lower_ == "the" for child in subject.children)


def gaps_in(doc: Any) -> Iterator[Gap]:
    """The sentence's terms that can be asked for: each must occur in it once."""
    text = doc.text
    for term, start, end in terms_of(doc):
        before, after = text[: doc[start].idx], text[doc[end - 1].idx + len(doc[end - 1]) :]
        rest = sum(1 for t in doc if t.is_alpha and not t.is_stop and not start <= t.i < end)
        if rest < MIN_REST_WORDS or after.startswith(("'", "’")) or shares_stem(term.key, f"{before} {after}".lower()):
            continue
        ask = _subject_question(doc, term, start, end)
        is_subject = doc[start:end].root.dep_ in _SUBJECTS
        if not _is_part_of_a_list(doc, start, end) and (ask or term.kind != NOUN or not is_subject):
            yield Gap(term, without_article(before), without_spurious_comma(after), ask)


def _is_part_of_a_list(doc: Any, start: int, end: int) -> bool:
    head = doc[start:end].root
    return head.dep_ in {"conj", "compound", "appos"} or any(t.dep_ in {"conj", "appos"} for t in head.children)


def without_article(before: str) -> str:
    """The words before a blank, with an article that tells nothing of the answer's first sound."""
    return re.sub(r"\b([Aa])n? $", r"\1(n) ", before)


def _subject_question(doc: Any, term: Term, start: int, end: int) -> str:
    """As "Which of these pulls on the water and causes the tide?", where the term is the whole subject."""
    head = doc[start:end].root
    if head.dep_ not in _SUBJECTS or head.head.dep_ != "ROOT" or head.right_edge.i >= end:
        return ""
    left = doc[head.left_edge.i : start]
    if head.left_edge.i > 0 or any(token.lower_ not in {"a", "an", "the"} for token in left):
        return ""
    root = head.head
    equates = root.lemma_ == "be" and any(
        token.dep_ in {"attr", "ccomp"} for token in root.rights
    )  # a failed definition
    if equates or doc[end].pos_ not in {"VERB", "AUX", "ADV"} or any(token.dep_ == "neg" for token in root.children):
        return ""
    predicate = without_spurious_comma(doc[end:].text.strip(" .,;:!"))
    if any(t.dep_ == "conj" and any(c.dep_ in {*_SUBJECTS, "expl"} for c in t.children) for t in doc[end:]):
        return ""
    return f"Who {predicate}?" if term.kind == "PERSON" else f"Which of these {predicate}?"


def years_in(doc: Any) -> Iterator[YearGap]:
    """The sentence's years, if it has one only."""
    found = [token for token in doc if YEAR.fullmatch(token.text)]
    if len(found) != 1 or found[0].ent_type_ not in {"DATE", ""}:
        return
    token = found[0]
    before, after = doc.text[: token.idx], doc.text[token.idx + 4 :]
    if _BEFORE_YEAR.search(before):
        yield YearGap(int(token.text), before, after, _year_question(doc, token))


def _year_question(doc: Any, year: Any) -> str:
    """As "In which year did ...?", for a simple sentence with "in" and the year behind its subject."""
    place, root = year.head, next(token for token in doc if token.dep_ == "ROOT")
    subject = next((token for token in root.lefts if token.dep_ in _SUBJECTS), None)
    aux = [token for token in root.children if token.dep_ in {"aux", "auxpass"}]
    simple = not any(t.dep_ in {"conj", "advcl", "ccomp"} and t.pos_ in {"VERB", "AUX"} for t in root.children)
    if place.lower_ != "in" or place.head != root or subject is None or not simple or len(aux) > 1:
        return ""
    words = [t for t in doc if t not in (place, year) and not (t.is_punct and t.i in {year.i + 1, len(doc) - 1})]
    if not words or words[0].i != subject.left_edge.i:
        return ""
    if any(token.dep_ == "attr" for token in root.children) or not (aux or root.lemma_ == "be" or root.tag_ == "VBD"):
        return ""
    moved = aux[0] if aux else root if root.lemma_ == "be" else None
    said = [root.lemma_ if t == root and moved is None else t.text for t in words if t != moved]
    blanks = [t.whitespace_ or (" " if t.i + 1 in {place.i, year.i} else "") for t in words if t != moved]
    body = "".join(word + blank for word, blank in zip(said, blanks, strict=True)).strip(" .,")
    return f"In which year {moved.lower_ if moved is not None else 'did'} {lower_first(body, words[0])}?"
