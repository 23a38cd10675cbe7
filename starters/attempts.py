"""Putting a quiz and grading it: the right answers are read once who asks was shown to see the quiz."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from adapters.postgres.attempts import Attempts
from schemas.attempts import (
    Answer,
    AskedQuiz,
    Attempt,
    AttemptResult,
    GradedAnswer,
    MarkedAnswer,
    Solution,
    StoredAttempt,
)
from schemas.callers import Caller
from schemas.errors import IdempotencyKeyReused, NotFound, RequestInvalid
from schemas.ids import attempt_id, text_sha256


async def put_quiz(attempts: Attempts, caller: Caller, quiz_id: UUID) -> AskedQuiz:
    """The quiz, with its solutions for its creator, and for a student who was graded on it. Raises: NotFound."""
    quiz = await attempts.quiz(caller, quiz_id)
    if caller.student_id is not None and not quiz.attempts:
        return quiz
    solutions = await attempts.solutions(caller.creator, quiz_id)
    questions = tuple(q.model_copy(update={"solution": solutions.get(q.id)}) for q in quiz.questions)
    return quiz.model_copy(update={"questions": questions})


async def hand_in(
    attempts: Attempts, caller: Caller, quiz_id: UUID, key: str, answers: Sequence[Answer]
) -> tuple[AttemptResult, bool]:
    """Grade a student's answers; also whether the attempt was there before. What is left out counts as wrong.

    Idempotent: keyed by quiz, student and key; the same again gets the first result.
    Raises: NotFound; RequestInvalid for an answer to no question of the quiz, or a second one to the same;
    IdempotencyKeyReused where the key came with other answers; AttemptsUsedUp.
    """
    assert caller.student_id is not None, "only students hand anything in"
    quiz = await attempts.quiz(caller, quiz_id)
    chosen = _chosen(quiz, answers)
    key_id, body = attempt_id(quiz_id, caller.student_id, key), text_sha256(repr(sorted(chosen.items())))
    stored = await attempts.find(caller, key_id)
    is_repeat = stored is not None
    solutions = await attempts.solutions(caller.creator, quiz_id)
    if any(question.id not in solutions for question in quiz.questions):
        raise NotFound(f"there is no quiz {quiz_id} any more")
    if stored is None:
        stored = await attempts.record(caller, Attempt(key_id, quiz_id, body, _marked(quiz, chosen, solutions)))
    if stored.body_sha256 != body:
        raise IdempotencyKeyReused(f"the key {key!r} was used before with other answers")
    return _result(quiz, stored, solutions), is_repeat


def _chosen(quiz: AskedQuiz, answers: Sequence[Answer]) -> dict[UUID, int]:
    known, chosen, problems = {question.id for question in quiz.questions}, dict[UUID, int](), list[tuple[str, str]]()
    for n, answer in enumerate(answers):
        if answer.question_id not in known:
            problems.append((f"body.answers.{n}.question_id", "the quiz does not ask this"))
        elif answer.question_id in chosen:
            problems.append((f"body.answers.{n}.question_id", "this question is answered already"))
        chosen[answer.question_id] = answer.option_index
    if problems:
        raise RequestInvalid(f"{problems[0][0]}: {problems[0][1]}", tuple(problems))
    return chosen


def _marked(quiz: AskedQuiz, chosen: Mapping[UUID, int], solutions: Mapping[UUID, Solution]) -> list[MarkedAnswer]:
    return [
        MarkedAnswer(q.id, option := chosen.get(q.id), option == solutions[q.id].answer_index) for q in quiz.questions
    ]


def _result(quiz: AskedQuiz, stored: StoredAttempt, solutions: Mapping[UUID, Solution]) -> AttemptResult:
    marked = {answer.question_id: answer for answer in stored.answers}
    graded = (
        GradedAnswer(
            question_id=q.id,
            option_index=marked[q.id].option_index,
            is_correct=marked[q.id].is_correct,
            solution=solutions[q.id],
        )
        for q in quiz.questions
    )
    return AttemptResult(**stored.summary.model_dump(), answers=tuple(graded))
