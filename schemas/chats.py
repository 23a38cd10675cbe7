"""Chats: questions about lectures, and answers that say where it was said."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from schemas.base import Frozen
from schemas.usage import Usage

NOTHING_FOUND = "I found nothing about this in the lectures that you can see."


class MessageStatus(StrEnum):
    """How far an answer is."""

    ANSWERING = "answering"
    ANSWERED = "answered"
    INTERRUPTED = "interrupted"  # the asker left, or the model broke off; what was said until then is kept


class Citation(Frozen):
    """Where it was said: the second to jump to, and the sentence spoken there, in our own transcript's words."""

    number: int
    video_id: UUID
    title: str
    start_second: float
    end_second: float
    quotation: str


class Passage(Citation):
    """A piece of a lecture that a model may answer from; `score` is the quotation's likeness to the question (to 1)."""

    text: str
    score: float


class Exchange(Frozen):
    """A question that was answered, and its answer."""

    question: str
    answer: str


class ChatContext(Frozen):
    """What a session has said lately, oldest first, and whose it is."""

    session_id: UUID
    creator_id: UUID
    asker_id: UUID
    exchanges: tuple[Exchange, ...] = ()


class AskedQuestion(Frozen):
    """A question on its way into a session; `body_sha256` is of all that the client sent."""

    message_id: UUID
    session_id: UUID
    is_new_session: bool
    question: str
    body_sha256: str
    video_id: UUID | None = None
    course_id: UUID | None = None


class ChatRequest(Frozen):
    """What a chat model is asked."""

    question: str
    passages: tuple[Passage, ...]
    exchanges: tuple[Exchange, ...] = ()


class Reply(Frozen):
    """What came of a question."""

    answer: str
    citations: tuple[Citation, ...]
    status: MessageStatus
    usage: Usage


class ChatSession(Frozen):
    """One conversation; its title is its first question."""

    id: UUID
    title: str
    created_at: datetime


class ChatMessage(Frozen):
    """A question with its answer, as it is stored."""

    id: UUID
    session_id: UUID
    question: str
    answer: str
    citations: tuple[Citation, ...]
    status: MessageStatus
    asked_at: datetime
