"""Chat over HTTP: a question in, an answer that streams out; sessions and their messages."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter
from fastapi.sse import ServerSentEvent
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from adapters.postgres.chats import PostgresChats
from schemas.callers import Caller
from schemas.chats import AskedQuestion, ChatMessage, ChatSession, Citation
from schemas.errors import MentoraError, ProviderUnavailable
from schemas.ids import chat_message_id, chat_session_id, text_sha256
from schemas.library import Place
from schemas.texts import PlainText
from starters.api.calling import AnyCaller, ResourcesDep
from starters.api.event_stream import EventStream
from starters.api.idempotency import OptionalIdempotencyKey, mark_repeat
from starters.api.paging import Cursor, Limit, page_of, place_of
from starters.api.problems import bug_response, problem_response
from starters.chats import Begun, Chat

ANSWER_SECONDS = 60.0  # of a stream; whoever wants one document waits no longer than for any other answer
_LOGGER = logging.getLogger(__name__)

router = APIRouter(prefix="/api/chat", tags=["chat"])


class Question(BaseModel):
    """What is asked: in a session, or without one in a new session; about one video, one course, or all."""

    question: PlainText = Field(min_length=1, max_length=2_000, examples=["Why do earthquakes happen?"])
    session_id: UUID | None = None
    video_id: UUID | None = None
    course_id: UUID | None = None
    stream: bool = Field(default=True, description="False: one JSON document, as with `Accept: application/json`.")


class SessionPage(BaseModel):
    """Sessions, the newest first."""

    items: list[ChatSession]
    next: str | None


class MessagePage(ChatSession):
    """A session with its messages, the newest first."""

    items: list[ChatMessage]
    next: str | None


_EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"type": "string", "enum": ["session", "token", "citation", "done", "error"]},
        "data": {"type": "string", "description": "JSON"},
    },
}
_STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One JSON document, or events: `session`, `token`s and `citation`s, then `done` or `error`.",
        "content": {"text/event-stream": {"itemSchema": _EVENT}},
    }
}


@router.post("", response_model=ChatMessage, responses=_STREAMED)
async def ask(
    question: Question, caller: AnyCaller, resources: ResourcesDep, request: Request, key: OptionalIdempotencyKey = None
) -> Response:
    """Answer a question from what the caller may see, with the moments at which the lectures say so."""
    chat = resources.chat
    begun = await chat.begin(caller, _asked(question, caller, key or uuid4().hex))
    if isinstance(begun.claim, ChatMessage):
        mark_repeat(request)
    if question.stream and _takes_events(request):
        return EventStream(_events(chat, begun, request))
    return JSONResponse((await _whole(chat, begun)).model_dump(mode="json"))


@router.get("/sessions")
async def sessions(caller: AnyCaller, resources: ResourcesDep, limit: Limit = 20, cursor: Cursor = None) -> SessionPage:
    """The caller's own sessions."""
    found = await PostgresChats(resources.database).sessions(caller, place_of(cursor), limit + 1)
    items, more = page_of(found, limit, lambda one: Place(one.created_at, one.id))
    return SessionPage(items=items, next=more)


@router.get("/sessions/{session_id}")
async def session(
    session_id: UUID, caller: AnyCaller, resources: ResourcesDep, limit: Limit = 20, cursor: Cursor = None
) -> MessagePage:
    """One of the caller's own sessions, with what was asked and answered in it."""
    chats = PostgresChats(resources.database)
    found, messages = await chats.messages(caller, session_id, place_of(cursor), limit + 1)
    items, more = page_of(messages, limit, lambda message: Place(message.asked_at, message.id))
    return MessagePage(**found.model_dump(), items=items, next=more)


def _asked(question: Question, caller: Caller, key: str) -> AskedQuestion:
    asker = caller.person
    return AskedQuestion(
        message_id=chat_message_id(asker, key),
        session_id=question.session_id or chat_session_id(asker, key),
        is_new_session=question.session_id is None,
        question=question.question,
        body_sha256=text_sha256(question.model_dump_json(exclude={"stream"})),
        video_id=question.video_id,
        course_id=question.course_id,
    )


def _takes_events(request: Request) -> bool:
    accepted = request.headers.get("Accept", "*/*")
    return "text/event-stream" in accepted or "application/json" not in accepted


async def _whole(chat: Chat, begun: Begun) -> ChatMessage:
    async with aclosing(chat.answer(begun)) as answer:
        async for told in answer:
            if isinstance(told, ChatMessage):
                return told
    raise AssertionError("an answer ends with its message")


async def _events(chat: Chat, begun: Begun, request: Request) -> AsyncGenerator[ServerSentEvent, None]:
    """Each event's data is JSON; an `error` is the problem document that another request would get."""
    claim = begun.claim
    question = claim if isinstance(claim, ChatMessage) else claim.question
    message_id = claim.id if isinstance(claim, ChatMessage) else claim.question.message_id
    yield _event("session", {"session_id": str(question.session_id), "message_id": str(message_id)})
    try:
        async with asyncio.timeout(ANSWER_SECONDS), aclosing(chat.answer(begun)) as answer:
            async for told in answer:
                yield _told(told)
    except TimeoutError:
        late = ProviderUnavailable(f"the answer was not complete within {ANSWER_SECONDS:.0f} s")
        yield ServerSentEvent(event="error", raw_data=_body(problem_response(request, late)))
    except MentoraError as error:
        yield ServerSentEvent(event="error", raw_data=_body(problem_response(request, error)))
    except Exception:
        _LOGGER.exception("a bug behind an answer")
        yield ServerSentEvent(event="error", raw_data=_body(bug_response(request)))


def _told(told: str | Citation | ChatMessage) -> ServerSentEvent:
    if isinstance(told, str):
        return _event("token", {"text": told})
    name = "done" if isinstance(told, ChatMessage) else "citation"
    return ServerSentEvent(event=name, raw_data=told.model_dump_json())


def _event(name: str, data: dict[str, str]) -> ServerSentEvent:
    return ServerSentEvent(event=name, raw_data=json.dumps(data))


def _body(response: Response) -> str:
    return bytes(response.body).decode()
