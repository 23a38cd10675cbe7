"""Texts that are no lectures."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.language_model.extractive import ExtractiveQuizGenerator
from schemas.chunks import Vectors
from schemas.errors import ProviderUnavailable
from schemas.transcripts import Segment
from tests.adapters.language_model.quizzed import SENTENCES_MONEY, segments_of, text_of

NO_LECTURES = {
    "nothing": "",
    "one word": "Hello.",
    "one word ten thousand times": "money " * 10_000,
    "one sentence two thousand times": "Money is a good thing. " * 2_000,
    "emoji": "🙂 🙃 🎉. " * 200,
    "shouting": "A BANK IS A BUSINESS THAT KEEPS SAVINGS. " * 5,
    "no full stops": " ".join(line.strip(".") for line in SENTENCES_MONEY).lower(),
    "another language": "Der Gletscher ist eine große Masse aus Eis, die langsam talwärts fließt. " * 3,
    "right to left": "النهر الجليدي كتلة كبيرة من الجليد. " * 5,
    "brackets and code": "The function f(x) = {x: <b>1</b>} is a mapping that returns \\x00 for each [i]. " * 5,
    "one endless word": "a" * 50_000,
}


@pytest.mark.parametrize("text", NO_LECTURES.values(), ids=NO_LECTURES)
async def test_what_is_no_lecture_gives_no_questions(quiz: ExtractiveQuizGenerator, text: str) -> None:
    segment = Segment(start=0, end=60, text=text)
    assert (await quiz.propose("", [segment], 10)).questions == ()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=200), max_size=4), st.integers(-1, 12))
def test_any_text_at_all_is_taken(quiz: ExtractiveQuizGenerator, texts: list[str], count: int) -> None:
    segments = [Segment(start=n, end=n + 1, text=text) for n, text in enumerate(texts)]
    drafts = asyncio.run(quiz.propose("", segments, count)).questions
    assert all(draft.quotation in text_of(segments) for draft in drafts)


async def test_an_embedder_that_fails_is_heard_of(quiz: ExtractiveQuizGenerator) -> None:
    class Away:
        provider, model, dimensions = "openai", "away", 3

        async def embed(self, texts: Sequence[str]) -> Vectors:
            raise ProviderUnavailable("away")

    generator = ExtractiveQuizGenerator(Away())
    generator._tagger = quiz._tagger  # loaded already
    with pytest.raises(ProviderUnavailable):
        await generator.propose("", segments_of("money.txt"), 3)
