"""What a drafted question must be before a student sees it."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.quiz_checks import Reason, check_drafts
from schemas import ids
from schemas.quizzes import DraftQuestion, Question, QuestionKind
from schemas.transcripts import Segment
from schemas.words import words_of
from tests.lectures import HEART, lectures, spoken, unhurried

QUIZ = UUID(int=7)
LECTURE = [spoken(HEART, start=100)]
OPTIONS = ("Hemoglobin", "Hypertension", "Oxygen-rich blood", "The aorta")


def draft(
    stem: str = "Which protein binds oxygen?",
    options: tuple[str, ...] = OPTIONS,
    answer_index: int = 0,
    quotation: str = "Hemoglobin is the protein in red blood cells",
    kind: QuestionKind = QuestionKind.COMPREHENSION,
    explanation: str = "The lecture says so.",
) -> DraftQuestion:
    return DraftQuestion(
        kind=kind,
        stem=stem,
        options=options,
        answer_index=answer_index,
        explanation=explanation,
        quotation=quotation,
    )


def accepted(*drafts: DraftQuestion, lecture: list[Segment] = LECTURE, at_most: int = 10) -> tuple[Question, ...]:
    report = check_drafts(drafts, lecture, QUIZ, at_most)
    assert report.rejections == ()
    return report.questions


def refused(*drafts: DraftQuestion, lecture: list[Segment] = LECTURE) -> list[Reason]:
    return [rejection.reason for rejection in check_drafts(drafts, lecture, QUIZ, 10).rejections]


# ---- The quotation ---------------------------------------------------------------------------------------------------


def test_a_sound_draft_becomes_a_question_timed_by_the_words_it_quotes() -> None:
    [question] = accepted(draft())
    assert question.quotation == "Hemoglobin is the protein in red blood cells"
    assert (question.start_second, round(question.end_second, 3)) == (103.2, 106.4)
    assert (question.id, question.position) == (ids.question_id(QUIZ, "Which protein binds oxygen?"), 0)


@pytest.mark.parametrize(
    "quotation",
    [
        "HEMOGLOBIN IS THE PROTEIN IN RED BLOOD CELLS",
        "“hemoglobin is the protein in red blood cells.”",
        "  Hemoglobin, is the\n protein — in red blood cells … ",
        "Hemo\u200bglobin is the protein in red blood cells",
    ],
)
def test_case_punctuation_blanks_and_curly_quotes_do_not_matter_and_the_lecture_s_own_words_are_kept(
    quotation: str,
) -> None:
    assert accepted(draft(quotation=quotation))[0].quotation == "Hemoglobin is the protein in red blood cells"


def test_a_curly_apostrophe_is_an_apostrophe() -> None:
    assert accepted(draft(quotation="It doesn’t rest"))[0].quotation == "It doesn't rest."


@pytest.mark.parametrize(
    "quotation",
    [
        "Hemoglobin is the best protein in red blood cells",
        "Hemoglobin is the protein ... that binds oxygen",
        "the protein in red blood cell",
        "35 litres a minute",
        "",
        "...",
    ],
)
def test_a_quotation_that_was_not_spoken_word_by_word_is_refused(quotation: str) -> None:
    assert refused(draft(quotation=quotation)) == [Reason.QUOTATION_NOT_SPOKEN]


def test_a_quotation_of_three_words_is_refused_unless_it_is_a_whole_sentence() -> None:
    assert refused(draft(quotation="red blood cells")) == [Reason.QUOTATION_TOO_SHORT]
    assert refused(draft(quotation="It doesn't rest.")) == []


def test_a_quotation_longer_than_a_minute_is_refused() -> None:
    assert refused(draft(quotation="so " * 121), lecture=[spoken("so " * 130)]) == [Reason.TOO_LONG]


def test_a_quotation_may_reach_over_segments() -> None:
    lecture = [spoken("The heart is"), spoken("a muscle.", start=50)]
    [question] = accepted(draft(quotation="The heart is a muscle"), lecture=lecture)
    assert (question.start_second, question.end_second) == (0, 50.8)


def test_a_quotation_found_inside_a_longer_word_is_not_found() -> None:
    assert refused(draft(quotation="art is a muscle")) == [Reason.QUOTATION_NOT_SPOKEN]


# ---- The options -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 3, 5])
def test_a_question_without_exactly_four_options_is_refused(count: int) -> None:
    assert refused(draft(options=("a", "b", "c", "d", "e")[:count])) == [Reason.OPTIONS_NOT_FOUR]


@pytest.mark.parametrize("empty", ["", "  ", "\0", "\u200b"])
def test_an_empty_option_is_refused(empty: str) -> None:
    assert refused(draft(options=("a", "b", "c", empty))) == [Reason.OPTION_EMPTY]


@pytest.mark.parametrize("twin", ["hemoglobin", " Hemoglobin. ", "Hemo\u200bglobin"])
def test_options_that_a_student_would_call_the_same_are_refused(twin: str) -> None:
    assert refused(draft(options=("Hemoglobin", twin, "c", "d"))) == [Reason.OPTIONS_ALIKE]


def test_options_that_differ_in_the_form_of_a_quote_only_are_the_same() -> None:
    assert refused(draft(options=("the heart's", "the heart’s", "c", "d"))) == [Reason.OPTIONS_ALIKE]


def test_options_that_differ_in_a_symbol_are_different() -> None:
    assert refused(draft(options=("C", "C++", "C#", "c'"))) == []
    assert refused(draft(options=("5", "-5", "52", "5²"))) == []


@pytest.mark.parametrize("index", [-1, 4])
def test_an_answer_that_is_none_of_the_options_is_refused(index: int) -> None:
    assert refused(draft(answer_index=index)) == [Reason.ANSWER_OUT_OF_RANGE]


# ---- The stem --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stem", ["", " ", "?", "____", "\u202e"])
def test_a_stem_without_a_word_is_refused(stem: str) -> None:
    assert refused(draft(stem=stem)) == [Reason.STEM_EMPTY]


def test_the_second_of_two_like_stems_is_refused() -> None:
    report = check_drafts([draft(), draft(stem="which protein  binds oxygen? ")], LECTURE, QUIZ, 10)
    assert [(r.draft, r.reason) for r in report.rejections] == [(1, Reason.STEM_REPEATED)]
    assert len(report.questions) == 1


def test_a_stem_that_only_a_refused_draft_had_may_come_again() -> None:
    report = check_drafts([draft(quotation="never spoken at all"), draft()], LECTURE, QUIZ, 10)
    assert len(report.questions) == 1


@pytest.mark.parametrize("kind", [QuestionKind.DEFINITION, QuestionKind.CLOZE])
def test_a_stem_that_has_the_answer_in_it_is_refused(kind: QuestionKind) -> None:
    assert refused(draft(stem="What is (hemoglobin)?", kind=kind)) == [Reason.STEM_TELLS_ANSWER]


def test_a_stem_may_have_the_answer_in_it_as_part_of_another_word_or_where_it_asks_to_compare() -> None:
    assert refused(draft(stem="What are hemoglobins?", kind=QuestionKind.DEFINITION)) == []
    assert refused(draft(stem="Is it hemoglobin or hypertension?")) == []


def test_a_cloze_whose_answer_is_not_in_its_quotation_is_refused() -> None:
    cloze = draft(stem="_____ binds oxygen.", kind=QuestionKind.CLOZE)
    assert refused(cloze) == []
    assert refused(cloze.model_copy(update={"answer_index": 1})) == [Reason.ANSWER_NOT_QUOTED]


# ---- Harm ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "markup",
    [
        "<script>alert(1)</script>",
        "</b>",
        "<img src=x onerror=alert(1)>",
        "<img src=x onerror=alert(1) ",
        "<!-- x -->",
        "&lt;b&gt;",
        "&#x41;",
        "[click](https://example.com)",
        "![x](javascript:1)",
        "<scr\0ipt>",
    ],
)
@pytest.mark.parametrize("place", ["stem", "options", "explanation"])
def test_markup_is_refused_wherever_it_stands(markup: str, place: str) -> None:
    text = f"Which {markup} one?"
    value = (text, *OPTIONS[1:]) if place == "options" else text
    assert refused(draft().model_copy(update={place: value})) == [Reason.MARKUP]


def test_less_than_and_ampersands_are_not_markup() -> None:
    assert refused(draft(stem="Is a < b & c > d, is x<y, or AT&T?")) == []


def test_unseen_characters_are_taken_out() -> None:
    [question] = accepted(draft(stem="Which\0 protein\u202e binds\n oxygen\U000e0041?", explanation="So\x1b."))
    assert (question.stem, question.explanation) == ("Which protein binds oxygen?", "So.")


@pytest.mark.parametrize(
    "change",
    [{"stem": "why " * 126}, {"options": ("a" * 201, "b", "c", "d")}, {"explanation": "so " * 334}],
    ids=["stem", "option", "explanation"],
)
def test_texts_beyond_their_bounds_are_refused(change: dict[str, object]) -> None:
    assert refused(draft().model_copy(update=change)) == [Reason.TOO_LONG]


# ---- The whole -------------------------------------------------------------------------------------------------------


def test_the_first_sound_drafts_are_taken_and_stand_in_the_lecture_s_order() -> None:
    late = draft(stem="What is recorded?", quotation="recording of the electrical activity of the heart")
    early = draft(stem="What pumps?", quotation="The heart is a muscle")
    questions = accepted(late, early, draft(), at_most=2)
    assert [(question.stem, question.position) for question in questions] == [
        ("What pumps?", 0),
        ("What is recorded?", 1),
    ]


def test_no_drafts_are_no_questions() -> None:
    assert check_drafts([], LECTURE, QUIZ, 10).questions == ()


@unhurried
@given(lectures(), st.data())
def test_any_run_of_words_of_a_lecture_is_found_with_times_inside_it(
    segments: list[Segment], data: st.DataObject
) -> None:
    words = words_of(segments)
    first = data.draw(st.integers(0, len(words)))
    quotation = " ".join(word.text for word in words[first : first + 20])
    for question in check_drafts([draft(quotation=quotation)], segments, QUIZ, 10).questions:
        assert question.quotation in " ".join(word.text for word in words)
        assert segments[0].start <= question.start_second <= question.end_second <= segments[-1].end


@unhurried
@given(
    lectures(),
    st.lists(
        st.builds(
            DraftQuestion,
            kind=st.sampled_from(QuestionKind),
            stem=st.text(),
            options=st.lists(st.text(), max_size=5).map(tuple),
            answer_index=st.integers(-2, 5),
            explanation=st.text(),
            quotation=st.text(),
        ),
        max_size=3,
    ),
)
def test_whatever_a_model_answers_each_draft_is_a_question_or_a_rejection(
    segments: list[Segment], drafts: list[DraftQuestion]
) -> None:
    report = check_drafts(drafts, segments, QUIZ, 10)
    assert len(report.questions) + len(report.rejections) == len(drafts)
    assert all(0 <= question.answer_index < len(question.options) == 4 for question in report.questions)
