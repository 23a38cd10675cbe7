"""What is asked, and how."""

import pytest

from adapters.language_model.extractive import ExtractiveQuizGenerator
from adapters.language_model.extractive.gaps import without_article
from adapters.language_model.extractive.questions import is_fair
from schemas.quizzes import DraftQuestion, QuestionKind
from tests.adapters.language_model.quizzed import NAMES, answer, asked, propose, quiz_on, segments_of, spoken


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
        "A coin is an example of a thing that people trust without a reason.",
        "A coin is a problem that every shop in the old town has.",
        "A coin is a flat disc of metal [see page 4] that is used as money.",
        "A coin is a couple of grams of silver from an old mine.",
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


@pytest.mark.parametrize(
    ("before", "shown"),
    [("He needed a ", "He needed a(n) "), ("An ", "A(n) "), ("He is in ", "He is in "), ("The sea ", "The sea ")],
)
def test_an_article_before_a_blank_does_not_tell(before: str, shown: str) -> None:
    assert without_article(before) == shown


@pytest.mark.parametrize(
    ("stem", "options", "fair"),
    [
        ("What do we call frozen water?", ("ice", "steam", "rain", "fog"), True),
        ("What do we call water that is icy?", ("ice", "steam", "rain", "fog"), True),
        ("What do we call ice that floats?", ("ice", "steam", "rain", "fog"), False),
        ("What do we call a place with volcanoes?", ("volcano", "steam", "rain", "fog"), False),
        ("What do we call frozen water?", ("ice", "steam", "Steam", "fog"), False),
    ],
)
def test_a_question_that_tells_its_answer_or_offers_one_twice_is_not_fair(
    stem: str, options: tuple[str, ...], fair: bool
) -> None:
    draft = DraftQuestion(stem=stem, options=options, answer_index=0, explanation="", quotation="")
    assert is_fair(draft) == fair


async def test_fewer_than_four_terms_make_no_question(quiz: ExtractiveQuizGenerator) -> None:
    assert await propose(quiz, "A glacier is a mass of ice that slides slowly down a mountain.") == ()


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
