"""Quizzes from text. `texts/*.txt` are short lectures, a sentence a line; `lecture.heard.json` is what whisper-tiny.en
heard of the sample lecture."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.ports import QuizGenerator
from adapters.embedding.minilm import MiniLmEmbedder
from adapters.language_model.extractive import ExtractiveQuizGenerator
from schemas.chunks import Vectors
from schemas.errors import ProviderUnavailable
from schemas.quizzes import DraftQuestion, QuestionKind
from schemas.transcripts import Segment, Word
from schemas.words import words_of

TEXTS = Path(__file__).parent / "texts"
NAMES = [*sorted(path.name for path in TEXTS.glob("*.txt")), "lecture.heard.json"]
SENTENCES_MONEY = (TEXTS / "money.txt").read_text().splitlines()

PROPOSE = """
import asyncio, sys
from pathlib import Path
from adapters.embedding.minilm import MiniLmEmbedder
from adapters.language_model.extractive import ExtractiveQuizGenerator
from tests.adapters.language_model.test_extractive import segments_of
quiz = ExtractiveQuizGenerator(MiniLmEmbedder(Path(sys.argv[1])))
drafts = asyncio.run(quiz.propose("", segments_of("lecture.heard.json"), 40)).questions
print(*(draft.model_dump_json() for draft in drafts), sep="\\n")
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("minilm")


@pytest.fixture(scope="module")
def quiz(cache: Path) -> ExtractiveQuizGenerator:
    generator = ExtractiveQuizGenerator(MiniLmEmbedder(cache))
    generator.warm_up()
    return generator


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


def test_it_is_a_quiz_generator(quiz: QuizGenerator) -> None:
    assert (quiz.provider, quiz.model) == ("local", "extractive-1 en_core_web_md-3.8.0")


# ---- What holds for every question of every lecture ------------------------------------------------------------------


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


async def test_ten_questions_are_taken_from_all_over_the_lecture(quiz: ExtractiveQuizGenerator) -> None:
    text = text_of(segments_of("lecture.heard.json"))
    drafts = (await quiz.propose("", segments_of("lecture.heard.json"), 10)).questions
    places = [text.index(draft.quotation) / len(text) for draft in drafts]
    assert min(places) < 0.15
    assert max(places) > 0.75


async def test_the_right_answer_is_at_every_place(quiz: ExtractiveQuizGenerator) -> None:
    places = [draft.answer_index for name in NAMES for draft in await quiz_on(quiz, name)]
    assert all(places.count(place) > len(places) / 8 for place in range(4))


# ---- What is asked, and how ------------------------------------------------------------------------------------------


async def test_the_sample_lectures_quiz(quiz: ExtractiveQuizGenerator) -> None:
    drafts = await quiz_on(quiz, "lecture.heard.json")
    quizzed = {draft.stem: answer(draft) for draft in drafts}
    expected = {
        "What do we call a thick mass of ice that slides slowly down a mountain?": "glacier",
        "What are the large pieces of the crust called?": "plates",
        "What do we call a flat area of mud and sand at the mouth of a river?": "delta",
        "What is a volcano?": "an opening in the ground where melted rock comes out",
        "Which of these is the largest hot desert in the world?": "Sahara",
    }
    assert quizzed | expected == quizzed


async def test_an_explanation_tells_the_answer_from_what_tempts_most(quiz: ExtractiveQuizGenerator) -> None:
    drafts = await quiz_on(quiz, "lecture.heard.json")
    (glacier,) = [draft for draft in drafts if answer(draft) == "glacier"]
    assert glacier.explanation.startswith(
        "A glacier is a thick mass of ice that slides slowly down a mountain, whereas "
    )


@pytest.mark.parametrize(
    ("sentence", "term", "meaning"),
    [
        (
            "A coin is a flat piece of metal that is used as money, and a note is a printed piece of paper.",
            "coin",
            "a flat piece of metal that is used as money",
        ),
        (
            "A tariff is a tax on steel, and cloth that comes from abroad.",
            "tariff",
            "a tax on steel and cloth that comes from abroad",
        ),
        (
            "So a pension is a payment that old people receive every month, for example from the state.",
            "pension",
            "a payment that old people receive every month",
        ),
    ],
)
async def test_a_definition_ends_where_something_else_begins(
    quiz: ExtractiveQuizGenerator, sentence: str, term: str, meaning: str
) -> None:
    both_ways = {f"What do we call {meaning}?": term, f"What is a {term}?": meaning}
    found = await asked(quiz, sentence)
    assert found
    assert found.items() <= both_ways.items()


async def test_what_something_is_called_is_asked_in_these_words(quiz: ExtractiveQuizGenerator) -> None:
    found = await asked(quiz, "The people who own a company are called shareholders.")
    assert found == {"What are the people who own a company called?": "shareholders"}


async def test_about_one_definition_in_three_is_asked_the_other_way_round(quiz: ExtractiveQuizGenerator) -> None:
    drafts = [d for name in NAMES for d in await quiz_on(quiz, name)]
    definitions = [draft for draft in drafts if draft.kind == QuestionKind.DEFINITION]
    turned = [draft for draft in definitions if len(answer(draft).split()) > 3]
    assert len(definitions) / 6 < len(turned) < len(definitions) / 2


@pytest.mark.parametrize(
    "sentence",
    [
        "It is a sum of money that a bank lends to a company.",
        "This is a payment that nobody wants to make to the state.",
        "He was a rich merchant who lived in the old city of Florence.",
        "A coin is not a piece of paper that the state has printed.",
        "A coin is perhaps a thing that only old merchants really need.",
        "A coin is one of the things that merchants carried in their bags.",
        "The problem is a lack of money that hurts every shop in town.",
        "My salary is a payment that I receive from the school every month.",
        "What is the price that the market sets for the good?",
    ],
)
async def test_a_sentence_that_leans_on_others_or_hedges_defines_nothing(
    quiz: ExtractiveQuizGenerator, sentence: str
) -> None:
    assert await asked(quiz, sentence) == {}


async def test_a_year_is_asked_for_with_other_years(quiz: ExtractiveQuizGenerator) -> None:
    drafts = await propose(
        quiz, "The steam press was invented by Friedrich Koenig in 1810.", "Banks are useful things."
    )
    (draft,) = drafts
    assert draft.stem == "In which year was the steam press invented by Friedrich Koenig?"
    assert answer(draft) == "1810"
    assert all(option.isdigit() for option in draft.options)


async def test_an_article_before_a_blank_does_not_tell(quiz: ExtractiveQuizGenerator) -> None:
    drafts = [d for name in NAMES for d in await quiz_on(quiz, name)]
    assert not [draft.stem for draft in drafts if re.search(r"\ban? _____", draft.stem)]


async def test_fewer_than_four_terms_make_no_question(quiz: ExtractiveQuizGenerator) -> None:
    assert await propose(quiz, "A glacier is a mass of ice that slides slowly down a mountain.") == ()


# ---- Words that the speech model doubts ------------------------------------------------------------------------------


async def test_a_doubtful_word_is_neither_asked_for_nor_offered(quiz: ExtractiveQuizGenerator) -> None:
    doubted = spoken("A dowry is a sum of money that a bride brings into a marriage.", probability=0.3)
    drafts = (await quiz.propose("", [*doubted, *segments_of("money.txt")], 40)).questions
    assert drafts
    assert "dowry" not in " ".join([draft.stem + " ".join(draft.options) for draft in drafts])


async def test_a_doubtful_word_that_is_heard_well_elsewhere_is_asked_for(quiz: ExtractiveQuizGenerator) -> None:
    sentence = "A dowry is a sum of money that a bride brings into a marriage."
    again = spoken("Every bride had a dowry before her marriage brings anything.")
    drafts = (
        await quiz.propose("", [*spoken(sentence, probability=0.3), *again, *segments_of("money.txt")], 40)
    ).questions
    assert sentence in [draft.quotation for draft in drafts]


# ---- The same quiz every time ----------------------------------------------------------------------------------------


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


# ---- Texts that are no lectures --------------------------------------------------------------------------------------

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
