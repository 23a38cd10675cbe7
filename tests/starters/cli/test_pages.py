"""What was made of a lecture, in lines for a person."""

from uuid import UUID

from schemas.quizzes import Question, QuestionKind
from schemas.transcripts import Transcript
from schemas.videos import Stage
from starters.cli.pages import partial_note, quiz_lines, sentence_lines, stages_line
from starters.results import StageResult
from tests.lectures import spoken

QUESTION = Question(
    id=UUID(int=1),
    position=0,
    kind=QuestionKind.DEFINITION,
    stem="What is a river of ice?",
    options=("delta", "glacier", "dune", "tide"),
    answer_index=1,
    explanation="The lecture defines it.",
    quotation="a glacier is a river of ice",
    start_second=71,
    end_second=74,
)


def test_sentences_stand_behind_their_times() -> None:
    segments = [spoken("The crust is thin. The mantle is thick.", 60), spoken("Both move.", 3_700)]
    assert list(sentence_lines(segments)) == [
        "    1:00  The crust is thin.",
        "    1:01  The mantle is thick.",
        " 1:01:40  Both move.",
    ]


def test_a_student_sees_no_answer() -> None:
    assert list(quiz_lines([QUESTION], answers=False)) == [
        "  1. What is a river of ice?",
        "     a) delta",
        "     b) glacier",
        "     c) dune",
        "     d) tide",
    ]


def test_a_teacher_sees_the_answer_and_where_it_is_said() -> None:
    assert list(quiz_lines([QUESTION], answers=True))[-2:] == [
        "     Answer: b) glacier. The lecture defines it.",
        "     At 1:11: “a glacier is a river of ice”",
    ]


def test_a_partial_transcript_says_what_is_missing() -> None:
    partial = Transcript(
        id=UUID(int=1), language=None, model="whisper", is_complete=False, parts_done=2, parts_total=9, segments=()
    )
    assert partial_note(partial) == "Partial: 2 of 9 parts are transcribed so far."
    assert partial_note(partial.model_copy(update={"is_complete": True})) == ""


def test_stages_that_run_are_left_out_of_what_each_took() -> None:
    done = StageResult(seconds=1.23, done=1, total=1, unit="parts")
    running = StageResult(seconds=None, done=0, total=1, unit="questions")
    assert stages_line({Stage.AUDIO: done, Stage.QUIZ: running}) == "audio 1.2 s"
