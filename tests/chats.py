"""Questions and answers in the database, without anybody who answers."""

from uuid import UUID, uuid4

from adapters.postgres.chats import Claim, PostgresChats
from adapters.postgres.pool import Database
from schemas.callers import Caller
from schemas.chats import AskedQuestion, ChatMessage, MessageStatus, Reply
from schemas.usage import Usage


def question(session: UUID | None = None, text: str = "What is a glacier?", video: UUID | None = None) -> AskedQuestion:
    """In the session, or in a new one."""
    return AskedQuestion(
        message_id=uuid4(),
        session_id=session or uuid4(),
        is_new_session=session is None,
        question=text,
        body_sha256=text,
        video_id=video,
    )


def reply(text: str, status: MessageStatus = MessageStatus.ANSWERED) -> Reply:
    return Reply(answer=text, citations=(), status=status, usage=Usage(input_tokens=10, output_tokens=5))


async def claimed(app: Database, caller: Caller, asked: AskedQuestion) -> Claim:
    claim = await PostgresChats(app).claim(caller, asked, "local", "extractive")
    assert isinstance(claim, Claim)
    return claim


async def chatted(app: Database, caller: Caller, asked: AskedQuestion | None = None) -> ChatMessage:
    """A question with its stored answer."""
    claim = await claimed(app, caller, asked or question())
    message = await PostgresChats(app).finish(caller, claim, reply(f"To {claim.question.question}"))
    assert message is not None
    return message
