"""Texts to quiz. `texts/*.txt` are short lectures, a sentence a line; `texts/lecture.heard.json` is what
whisper-tiny.en heard of the sample lecture."""

import json
from collections.abc import Sequence
from pathlib import Path

from adapters.language_model.extractive import ExtractiveQuizGenerator
from schemas.quizzes import DraftQuestion
from schemas.transcripts import Segment, Word
from schemas.words import words_of

TEXTS = Path(__file__).parent / "texts"
NAMES = [*sorted(path.name for path in TEXTS.glob("*.txt")), "lecture.heard.json"]
SENTENCES_MONEY = (TEXTS / "money.txt").read_text().splitlines()


def spoken(*sentences: str, probability: float = 0.9) -> list[Segment]:
    """The sentences as segments of three seconds, every word believed alike."""
    return [
        Segment(
            start=3 * n,
            end=3 * n + 3,
            text=sentence,
            words=tuple(Word(start=3 * n, end=3 * n + 3, text=w, probability=probability) for w in sentence.split()),
        )
        for n, sentence in enumerate(sentences)
    ]


def segments_of(name: str) -> list[Segment]:
    if name.endswith(".json"):
        return [Segment.model_validate(segment) for segment in json.loads((TEXTS / name).read_text())]
    return spoken(*(TEXTS / name).read_text().splitlines())


def text_of(segments: Sequence[Segment]) -> str:
    return " ".join(word.text for word in words_of(segments))


def answer(draft: DraftQuestion) -> str:
    return draft.options[draft.answer_index]


_KNOWN: dict[str, tuple[DraftQuestion, ...]] = {}


async def quiz_on(quiz: ExtractiveQuizGenerator, name: str) -> tuple[DraftQuestion, ...]:
    """Up to forty questions on a text; the tests share them, for a test of its own shows that they do not vary."""
    if name not in _KNOWN:
        _KNOWN[name] = (await quiz.propose("", segments_of(name), 40)).questions
    return _KNOWN[name]


async def propose(quiz: ExtractiveQuizGenerator, *sentences: str, count: int = 40) -> tuple[DraftQuestion, ...]:
    return (await quiz.propose("", spoken(*sentences), count)).questions


async def asked(quiz: ExtractiveQuizGenerator, *sentences: str) -> dict[str, str]:
    """What is asked and answered about these sentences in a lecture about money."""
    drafts = await propose(quiz, *sentences, *SENTENCES_MONEY)
    return {draft.stem: answer(draft) for draft in drafts if draft.quotation in sentences}
