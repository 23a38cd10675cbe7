"""Attempts: a student's answers to a quiz, graded where they are stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import Field

from schemas.base import Frozen
from schemas.quizzes import OPTIONS_PER_QUESTION, QuestionKind

MAX_ATTEMPTS = 20  # of a student on one quiz; as the table's own check says
MAX_ANSWERS = 200


class Answer(Frozen):
    """The option chosen, counted from 0."""

    question_id: UUID
    option_index: int = Field(ge=0, lt=OPTIONS_PER_QUESTION)


class Solution(Frozen):
    """The right option, why it is right, and the second at which the lecture says so."""

    answer_index: int
    explanation: str
    quotation: str
    start_second: float
    end_second: float


class AskedQuestion(Frozen):
    """A question as it is put; `solution` is null for a student who has not been graded yet."""

    id: UUID
    position: int
    kind: QuestionKind
    stem: str
    options: tuple[str, ...]
    solution: Solution | None = None


class AskedQuiz(Frozen):
    """A quiz as whoever asks may see it; `attempts` are the student's own so far."""

    id: UUID
    video_id: UUID
    created_at: datetime
    attempts: int
    questions: tuple[AskedQuestion, ...]


class GradedAnswer(Frozen):
    """What was chosen (null: left out), whether it is right, and what would have been."""

    question_id: UUID
    option_index: int | None
    is_correct: bool
    solution: Solution


class AttemptSummary(Frozen):
    """An attempt in a list; `number` counts a student's attempts on the quiz from 1."""

    id: UUID
    student_id: UUID
    number: int
    correct: int
    questions: int
    created_at: datetime


class AttemptResult(AttemptSummary):
    """An attempt, graded question by question."""

    answers: tuple[GradedAnswer, ...]


@dataclass(frozen=True)
class MarkedAnswer:
    """What is stored of an answer."""

    question_id: UUID
    option_index: int | None
    is_correct: bool


@dataclass(frozen=True)
class Attempt:
    """What a student hands in: named by its key, told from another body by its checksum, and marked already."""

    id: UUID
    quiz_id: UUID
    body_sha256: str
    answers: Sequence[MarkedAnswer]


@dataclass(frozen=True)
class StoredAttempt:
    """An attempt as it is stored."""

    summary: AttemptSummary
    body_sha256: str
    answers: Sequence[MarkedAnswer]
