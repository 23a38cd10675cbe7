"""The local chat: the lectures' own sentences, or the plain word that there is none."""

from pathlib import Path

import pytest

from adapters.chat.extractive import LEAST_SCORE, MAX_SENTENCES, ExtractiveChat
from adapters.embedding.minilm import MiniLmEmbedder
from schemas.chats import NOTHING_FOUND, ChatRequest
from tests.adapters.chat.asked import REQUEST, passage, whole
from tests.adapters.embedding.test_minilm import ASKED
from tests.recordings import LECTURE_TEXT

STRANGE = (
    "How does photosynthesis work?",
    "Who won the world cup in 1998?",
    "How do I cook rice?",
    "What is a derivative in calculus?",
    "When was Napoleon born?",
    "Where do penguins live?",
    "hello",
)


def _request(*scores: float) -> ChatRequest:
    passages = tuple(passage(n, f"Sentence {n} is this. And more.", score) for n, score in enumerate(scores, 1))
    return REQUEST.model_copy(update={"passages": passages})


async def test_it_says_the_sentences_most_like_the_question_and_cites_each() -> None:
    text, usage = await whole(ExtractiveChat(), _request(0.6, 0.8, 0.65))
    assert text == "Sentence 2 is this. [2] Sentence 3 is this. [3]"  # 0.6 is far behind 0.8
    assert (usage.input_tokens, usage.output_tokens) == (0, 0)


async def test_it_says_few_sentences() -> None:
    assert (await whole(ExtractiveChat(), _request(*[0.7] * 5)))[0].count("[") == MAX_SENTENCES


async def test_it_says_honestly_that_nothing_fits() -> None:
    for request in (_request(LEAST_SCORE - 0.01), _request()):
        assert (await whole(ExtractiveChat(), request))[0] == NOTHING_FOUND


@pytest.mark.slow
async def test_it_answers_about_the_lecture_and_about_nothing_else(cache: Path) -> None:
    embedder = MiniLmEmbedder(cache)
    sentences = LECTURE_TEXT.read_text().splitlines()
    known = (await embedder.embed(sentences)).vectors
    for questions, is_about_it in ((tuple(ASKED), True), (STRANGE, False)):
        for vector in (await embedder.embed(questions)).vectors:
            scores = [sum(a * b for a, b in zip(vector, other, strict=True)) for other in known]
            text, _ = await whole(ExtractiveChat(), _request(*scores))
            assert (text != NOTHING_FOUND) is is_about_it
