"""Definitions: sentences that say what something is."""

import re
from dataclasses import replace
from typing import Any

from adapters.language_model.extractive.reading import NAME, NOUN, Definition, Term
from adapters.language_model.extractive.terms import is_name, kind_of, term_at
from adapters.language_model.extractive.vocabulary import (
    COUNTERS,
    EMPTY_ADJECTIVES,
    EMPTY_HEADS,
    HEDGES,
    OPENERS,
    POINTERS,
    SPEAKERS,
    TALK,
)

MIN_MEANING_WORDS, MAX_MEANING_WORDS = 4, 28  # "a bird" defines nothing; past 28 words nobody reads an option
_NAMING = frozenset({"call", "name", "term", "know"})
_TAIL = re.compile(
    r"\s*,\s+(?:so|but|for example|for instance|right|you know|of course|okay|which means|because|although)\b.*$"
)
_SPURIOUS_COMMA = re.compile(r",(?= (?:and|or|that|when|where|while|who)\b)")


def definition_in(doc: Any) -> Definition | None:
    """What the sentence defines, or None."""
    root = next((token for token in doc if token.dep_ == "ROOT"), None)
    if root is None or any(child.lower_ in HEDGES or child.dep_ == "neg" for child in root.children):
        return None
    if root.lemma_ == "be":
        return _by_being(doc, root)
    return _by_name(doc, root) if root.lemma_ in _NAMING else None


def _by_being(doc: Any, root: Any) -> Definition | None:
    subject = next((token for token in root.lefts if token.dep_ == "nsubj"), None)
    meaning = next((token for token in root.rights if token.dep_ == "attr" or _is_what(token)), None)
    plain = root.lower_ in {"is", "are", "was", "were"} and not any(t.dep_ in {"aux", "expl"} for t in root.children)
    if subject is None or meaning is None or not plain or not _begins(doc, subject):
        return None
    if any(token.tag_ == "JJS" for token in subject.children):
        return _superlative(doc, root, subject, meaning)
    term = _subject_term(doc, subject)
    text = _meaning(doc, meaning) if term else ""
    if not term or not text or not _says_something(meaning) or _leaks(term, text):
        return None
    article = doc[subject.left_edge.i].lower_
    generic = term.kind == NOUN and root.lower_ in {"is", "are"} and article != "the"
    return Definition(term, _span(doc, subject.left_edge.i, subject.right_edge.i + 1), root.lower_, text, generic)


def _superlative(doc: Any, root: Any, subject: Any, name: Any) -> Definition | None:
    """What "The largest desert is the Sahara" says, to be asked the other way round."""
    found = term_at(doc[name.left_edge.i : name.i + 1], kind_of(name))
    if not kind_of(name) or not found or name.right_edge.i > name.i + 1:
        return None
    what = _span(doc, subject.left_edge.i, subject.right_edge.i + 1)
    if _refers(doc[subject.left_edge.i : subject.right_edge.i + 1]) or _leaks(found[0], what):
        return None
    meaning = lower_first(what, doc[subject.left_edge.i])
    return Definition(found[0], "", root.lower_, meaning, is_generic=False)


def _is_what(token: Any) -> bool:
    """Whether it is the clause of "A profit is what is left when ..."."""
    return bool(token.dep_ == "ccomp" and token.left_edge.lower_ == "what")


def _by_name(doc: Any, root: Any) -> Definition | None:
    """What "The large pieces of the crust are called plates" says."""
    thing = next((token for token in root.lefts if token.dep_ == "nsubjpass"), None)
    verbs = [token.lower_ for token in root.lefts if token.dep_ == "auxpass"]
    name = next((token for token in root.rights if token.dep_ == "oprd"), None)
    if root.lemma_ == "know":
        name = next((c for p in root.rights if p.lower_ == "as" for c in p.children if c.dep_ == "pobj"), None)
    if thing is None or name is None or verbs not in (["is"], ["are"], ["was"], ["were"]) or not _begins(doc, thing):
        return None
    words = doc[thing.left_edge.i : thing.right_edge.i + 1]
    found = term_at(doc[name.left_edge.i : name.i + 1], NOUN)
    if not found or len(words) < 3 or _refers(words) or _leaks(found[0], words.text):
        return None
    what = lower_first(words.text, words[0])
    asked = f"What {verbs[0]} {what} {'known as' if root.lemma_ == 'know' else 'called'}?"
    return Definition(found[0], "", verbs[0], what, is_generic=False, ask=asked)


def _begins(doc: Any, subject: Any) -> bool:
    """Whether nothing of weight comes before the subject: "In France, ..." would be lost."""
    before = doc[: subject.left_edge.i]
    return all(token.is_punct or token.lower_ in OPENERS for token in before)


def _subject_term(doc: Any, subject: Any) -> Term | None:
    tokens = doc[subject.left_edge.i : subject.right_edge.i + 1]
    first = tokens[0]
    if subject.pos_ == "PRON" or (first.pos_ in {"DET", "PRON"} and first.lower_ not in {"a", "an", "the"}):
        return None
    body = tokens[1:] if first.pos_ == "DET" else tokens
    if not len(body) or subject.lemma_.lower() in EMPTY_HEADS:
        return None
    kind = NOUN if len(tokens) == 1 and _only_looks_like_a_name(doc, subject) else kind_of(subject)
    kind = kind or (NAME if is_name(subject) and len(tokens) > 1 else NOUN)
    vague = any(token.lower_ in EMPTY_ADJECTIVES or token.tag_ in {"JJR", "CD"} for token in body)
    found = term_at(body, kind, is_defined=True)
    whole = found and (found[1], found[2]) == (body[0].i, subject.right_edge.i + 1)
    if not found or not whole or (vague and kind == NOUN):
        return None
    return replace(found[0], is_plural=subject.head.lower_ in {"are", "were"} and kind == NOUN)


def _only_looks_like_a_name(doc: Any, subject: Any) -> bool:
    """Alone at the start of a sentence a noun is taken for a name: "Moss is a plant", "Gluten is a network"."""
    is_person = kind_of(subject) == "PERSON" and any(token.lower_ == "who" for token in doc)
    return subject.head.lower_ == "is" and not is_person and kind_of(subject) in {"", "PERSON", "GROUP", "PRODUCT"}


def _says_something(head: Any) -> bool:
    """Whether the meaning distinguishes its thing: by a clause, a preposition, a participle or a superlative."""
    first = head.left_edge
    if _is_what(head):
        return True
    if head.lemma_.lower() in EMPTY_HEADS or (first.pos_ == "DET" and first.lower_ not in {"a", "an", "the"}):
        return False
    if head.lemma_.lower() in COUNTERS and any(child.lower_ == "of" for child in head.children):
        return False
    if head.pos_ == "PRON":
        return head.lower_ in {"anything", "something"} and any(t.dep_ == "relcl" for t in head.children)
    more = any(child.dep_ in {"relcl", "acl", "prep", "conj", "npadvmod"} for child in head.rights)
    return (head.pos_ in {"NOUN", "PROPN"} or head.tag_ == "VBG") and (
        more or any(child.tag_ == "JJS" for child in head.lefts)
    )


def _meaning(doc: Any, head: Any) -> str:
    """The words from the head's article to where the sentence begins something else."""
    start, end = head.left_edge.i, len(doc)
    for token in doc[head.i + 1 :]:
        own_subject = any(child.dep_ in {"nsubj", "nsubjpass", "expl"} for child in token.children)
        if token.dep_ == "conj" and token.pos_ in {"VERB", "AUX"} and (own_subject or token.head.dep_ == "ROOT"):
            joints = [t.i for t in token.head.rights if t.dep_ == "cc" and t.i < token.i]
            end = min(end, max(joints, default=token.left_edge.i))
    if _refers(doc[start:end], inside=True):
        return ""
    text = _TAIL.sub("", doc[start:end].text.strip(" .,;:!")).strip(" .,;:!")
    text = without_spurious_comma(text)
    return text if MIN_MEANING_WORDS <= len(text.split()) <= MAX_MEANING_WORDS and "?" not in text else ""


def without_spurious_comma(text: str) -> str:
    """Speech models write a comma where a speaker breathes: "mud, and sand"."""
    return _SPURIOUS_COMMA.sub("", text) if text.count(",") == 1 else text


def _refers(span: Any, inside: bool = False) -> bool:
    """Whether the words point out of them; `inside` a meaning "it" has its noun, and "you" is anybody."""
    speakers = SPEAKERS - {"you", "your"} if inside else SPEAKERS
    return any(
        (token.tag_ in {"PRP", "PRP$"} and not inside)
        or token.lower_ in speakers
        or token.lemma_.lower() in TALK
        or (token.lower_ in POINTERS and token.tag_ in {"DT", "JJ", "RB", "PDT"} and not _is_those_who(token))
        for token in span
    )


def _is_those_who(token: Any) -> bool:
    return token.lower_ in {"those", "that"} and any(child.dep_ in {"relcl", "prep"} for child in token.children)


def _leaks(term: Term, text: str) -> bool:
    return shares_stem(term.key, text.lower())


def shares_stem(key: str, text: str) -> bool:
    """Whether a word of `text` gives a word of `key` away: equal, or alike but for its ending."""
    words = re.findall(r"[a-z]+", text)
    return any(_alike(mine, other) for mine in re.findall(r"[a-z]{3,}", key) for other in words)


def _alike(one: str, other: str) -> bool:
    stem = min(len(one), len(other))
    if stem < 4:
        return one == other or one + "s" == other or other + "s" == one
    return one[: max(4, stem - 2)] == other[: max(4, stem - 2)]


def lower_first(text: str, first: Any) -> str:
    """The text as it stands in the middle of a sentence."""
    proper = first.pos_ == "PROPN" or bool(first.ent_type_ and first.pos_ != "DET") or first.text == "I"
    return text if proper else text[:1].lower() + text[1:]


def _span(doc: Any, start: int, end: int) -> str:
    return str(doc[start:end].text)
