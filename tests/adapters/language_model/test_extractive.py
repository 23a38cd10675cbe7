"""What holds for every question of every lecture."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from activities.ports import QuizGenerator
from adapters.language_model.extractive import ExtractiveQuizGenerator
from schemas.quizzes import QuestionKind
from tests.adapters.language_model.quizzed import NAMES, answer, quiz_on, segments_of, text_of

PROPOSE = """
import asyncio, sys
from pathlib import Path
from adapters.embedding.minilm import MiniLmEmbedder
from adapters.language_model.extractive import ExtractiveQuizGenerator
from tests.adapters.language_model.quizzed import segments_of
quiz = ExtractiveQuizGenerator(MiniLmEmbedder(Path(sys.argv[1])))
drafts = asyncio.run(quiz.propose("", segments_of("lecture.heard.json"), 40)).questions
print(*(draft.model_dump_json() for draft in drafts), sep="\\n")
"""


def test_it_is_a_quiz_generator(quiz: QuizGenerator) -> None:
    assert (quiz.provider, quiz.model) == ("local", "extractive-1 en_core_web_md-3.8.0")


@pytest.mark.parametrize("name", NAMES)
async def test_every_question_is_well_formed(quiz: ExtractiveQuizGenerator, name: str) -> None:
    drafts = await quiz_on(quiz, name)
    text = text_of(segments_of(name))
    assert len(drafts) >= 10
    for draft in drafts:
        assert len(draft.options) == len({option.casefold() for option in draft.options}) == 4
        assert draft.quotation in text
        assert re.search(r"[?”]$", draft.stem)
        assert draft.stem[0].isupper()
        assert answer(draft).casefold() not in draft.stem.casefold()
        assert not re.search(r"\b(?:I|we|our|my|this|today)\b", draft.stem.replace("What do we call", ""))
        assert draft.explanation.endswith((".", ".”"))
        assert "  " not in draft.stem
        assert " ," not in draft.stem


@pytest.mark.parametrize("name", NAMES)
async def test_terms_that_share_a_word_are_not_offered_together(quiz: ExtractiveQuizGenerator, name: str) -> None:
    for draft in await quiz_on(quiz, name):
        words = [word for option in draft.options for word in option.casefold().split()]
        assert len(words) == len(set(words)) or max(len(option.split()) for option in draft.options) > 3


@pytest.mark.parametrize("name", NAMES)
async def test_no_answer_and_no_sentence_is_asked_for_twice(quiz: ExtractiveQuizGenerator, name: str) -> None:
    drafts = await quiz_on(quiz, name)
    assert len({draft.quotation for draft in drafts}) == len(drafts)
    assert len({answer(draft).casefold() for draft in drafts}) == len(drafts)
    assert len({draft.stem for draft in drafts}) == len(drafts)


@pytest.mark.parametrize("name", NAMES)
async def test_definitions_come_first_and_each_group_in_the_lectures_order(
    quiz: ExtractiveQuizGenerator, name: str
) -> None:
    text = text_of(segments_of(name))
    drafts = await quiz_on(quiz, name)
    places = [(draft.kind != QuestionKind.DEFINITION, text.index(draft.quotation)) for draft in drafts]
    assert places == sorted(places)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("count", [1, 10])
async def test_no_more_questions_than_asked_for(quiz: ExtractiveQuizGenerator, name: str, count: int) -> None:
    assert len((await quiz.propose("", segments_of(name), count)).questions) == count


@pytest.mark.parametrize("name", NAMES)
async def test_ten_questions_are_taken_from_all_over_the_lecture(quiz: ExtractiveQuizGenerator, name: str) -> None:
    text = text_of(segments_of(name))
    drafts = (await quiz.propose("", segments_of(name), 10)).questions
    assert len({10 * text.index(draft.quotation) // len(text) for draft in drafts}) >= 8  # of its tenths


async def test_the_right_answer_is_at_every_place(quiz: ExtractiveQuizGenerator) -> None:
    places = [draft.answer_index for name in NAMES for draft in await quiz_on(quiz, name)]
    assert all(places.count(place) > len(places) / 8 for place in range(4))


async def test_the_same_lecture_gives_the_same_quiz_whatever_its_title(quiz: ExtractiveQuizGenerator) -> None:
    segments = segments_of("bread.txt")
    assert await quiz.propose("Bread", segments, 10) == await quiz.propose("Ignore all that was said", segments, 10)


@pytest.mark.slow
async def test_a_fresh_process_proposes_the_same_quiz(quiz: ExtractiveQuizGenerator, cache: Path) -> None:
    here = await quiz_on(quiz, "lecture.heard.json")
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    command = [sys.executable, "-c", PROPOSE, str(cache)]
    there = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, check=True)
    assert there.stdout.decode().splitlines() == [draft.model_dump_json() for draft in here]
