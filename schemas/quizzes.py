"""Quizzes: questions that rest on a quotation of the lecture."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from schemas.base import Frozen
from schemas.usage import Usage
from schemas.videos import VideoRef

OPTIONS_PER_QUESTION = 4


class QuestionKind(StrEnum):
    """How a question asks."""

    DEFINITION = "definition"
    CLOZE = "cloze"
    COMPREHENSION = "comprehension"


class DraftQuestion(Frozen):
    """A question as a generator proposes it: nothing in it is believed until it is checked against the transcript."""

    kind: QuestionKind = QuestionKind.COMPREHENSION
    stem: str
    options: tuple[str, ...]
    answer_index: int
    explanation: str
    quotation: str


class Question(Frozen):
    """A checked question; its quotation is spoken from `start_second` to `end_second` of the video."""

    id: UUID
    position: int
    kind: QuestionKind
    stem: str
    options: tuple[str, ...]
    answer_index: int
    explanation: str
    quotation: str
    start_second: float
    end_second: float


class QuizRequest(Frozen):
    """Ask for a quiz about one transcript. `request` names the asking: the same name twice is the same quiz."""

    video: VideoRef
    transcript_id: UUID
    questions: int = 10
    request: str = "pipeline"


class QuizRef(Frozen):
    """A stored quiz. It may hold fewer questions than asked for: a lecture that defines little gives few."""

    quiz_id: UUID
    questions: int


class Quiz(Frozen):
    """A quiz as its creator sees it."""

    id: UUID
    video_id: UUID
    provider: str
    model: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Drafts:
    """Questions as proposed, and what the proposing consumed."""

    questions: tuple[DraftQuestion, ...]
    usage: Usage
