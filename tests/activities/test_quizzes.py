"""The step that makes a quiz."""

import pytest

from activities.quizzes import QuizActivities
from schemas import ids
from schemas.errors import ProviderAnswerInvalid, Superseded
from schemas.quizzes import DraftQuestion, QuizRequest
from schemas.usage import Operation, Usage
from schemas.videos import Stage
from tests.fake_models import FakeReadCache
from tests.fakes import (
    FakeQuizGenerator,
    FakeQuizRepository,
    FakeTranscriptRepository,
    FakeUsageLedger,
    FakeVideoRepository,
    run_activity,
)
from tests.lectures import HEART, TRANSCRIPT_ID, VIDEO, spoken

REQUEST = QuizRequest(video=VIDEO, transcript_id=TRANSCRIPT_ID, questions=5)
ASK = ids.ask("quiz", ids.quiz_id(TRANSCRIPT_ID, "pipeline"))
SOUND = DraftQuestion(
    stem="Which protein binds oxygen?",
    options=("Hemoglobin", "Hypertension", "Oxygen-rich blood", "The aorta"),
    answer_index=0,
    explanation="The lecture says so.",
    quotation="Hemoglobin is the protein in red blood cells",
)
INVENTED = SOUND.model_copy(update={"stem": "What else?", "quotation": "words that nobody ever said"})


class Made:
    """A QuizActivities over fakes, and the fakes."""

    def __init__(self, generator: FakeQuizGenerator, epoch: int = 1) -> None:
        self.generator = generator
        self.ledger = FakeUsageLedger()
        self.reads = FakeReadCache()
        self.quizzes = FakeQuizRepository(self.ledger)
        self.videos = FakeVideoRepository("The heart", epoch)
        transcripts = FakeTranscriptRepository.of([spoken(HEART)])
        self.steps = QuizActivities(transcripts, self.quizzes, self.videos, self.ledger, generator, self.reads)


async def test_generating_a_quiz_twice_calls_the_provider_once_and_stores_one_quiz() -> None:
    made = Made(FakeQuizGenerator(SOUND))
    first = await run_activity(made.steps.generate_quiz, REQUEST)
    stored, log = dict(made.quizzes.quizzes), list(made.videos.log)
    assert await run_activity(made.steps.generate_quiz, REQUEST) == first
    assert (made.quizzes.quizzes, made.videos.log) == (stored, log)
    assert made.generator.calls == len(made.ledger.calls) == 1


async def test_who_read_the_video_before_reads_it_anew() -> None:
    made = Made(FakeQuizGenerator(SOUND))
    await run_activity(made.steps.generate_quiz, REQUEST)
    assert made.reads.forgotten == [(REQUEST.video.creator_id, f"video/{REQUEST.video.video_id}")]


async def test_the_provider_is_asked_for_the_requested_number_about_the_titled_lecture() -> None:
    made = Made(FakeQuizGenerator(SOUND))
    await run_activity(made.steps.generate_quiz, REQUEST)
    assert made.generator.asked == [("The heart", 5)]


async def test_the_call_is_reserved_before_and_settled_with_the_quiz() -> None:
    made = Made(FakeQuizGenerator(SOUND))
    await run_activity(made.steps.generate_quiz, REQUEST)
    assert made.ledger.calls == {(ASK, 1): Usage(input_tokens=100, output_tokens=10)}
    assert made.ledger.models == [(Operation.QUIZ, "fake", "fake-quiz")]


async def test_an_unsound_draft_is_left_out() -> None:
    made = Made(FakeQuizGenerator(INVENTED, SOUND))
    assert (await run_activity(made.steps.generate_quiz, REQUEST)).questions == 1
    [[question]] = made.quizzes.quizzes.values()
    assert question.stem == SOUND.stem


async def test_no_more_questions_are_stored_than_were_asked_for() -> None:
    made = Made(FakeQuizGenerator(*(SOUND.model_copy(update={"stem": f"Question {i}?"}) for i in range(9))))
    assert (await run_activity(made.steps.generate_quiz, REQUEST)).questions == 5


async def test_an_answer_without_one_sound_question_is_invalid_stores_nothing_and_stays_unsettled() -> None:
    made = Made(FakeQuizGenerator(INVENTED))
    with pytest.raises(ProviderAnswerInvalid, match="quotation_not_spoken"):
        await run_activity(made.steps.generate_quiz, REQUEST)
    assert made.quizzes.quizzes == {}
    assert made.ledger.calls == {(ASK, 1): None}


async def test_the_local_generator_is_not_asked_again_and_its_quiz_is_empty() -> None:
    made = Made(FakeQuizGenerator(INVENTED, provider="local"))
    assert (await run_activity(made.steps.generate_quiz, REQUEST)).questions == 0


async def test_a_lecture_about_which_nothing_was_proposed_has_an_empty_quiz() -> None:
    made = Made(FakeQuizGenerator())
    assert (await run_activity(made.steps.generate_quiz, REQUEST)).questions == 0


async def test_the_pipeline_s_quiz_marks_its_stage() -> None:
    made = Made(FakeQuizGenerator(SOUND))
    await run_activity(made.steps.generate_quiz, REQUEST)
    assert made.videos.log == [(Stage.QUIZ, "started", 5, "questions"), (Stage.QUIZ, "finished", 1, "questions")]


async def test_a_quiz_that_somebody_asked_for_later_is_another_quiz_and_marks_no_stage() -> None:
    made = Made(FakeQuizGenerator(SOUND))
    exam = await run_activity(made.steps.generate_quiz, REQUEST.model_copy(update={"request": "exam"}))
    assert made.videos.log == []
    assert (await run_activity(made.steps.generate_quiz, REQUEST)).quiz_id != exam.quiz_id
    assert made.generator.calls == 2


async def test_a_story_whose_epoch_is_over_does_not_call_the_provider() -> None:
    made = Made(FakeQuizGenerator(SOUND), epoch=2)
    with pytest.raises(Superseded):
        await run_activity(made.steps.generate_quiz, REQUEST)
    assert made.generator.calls == 0
