"""Chats: sessions, their questions and answers, each written by its asker alone."""

import math
from dataclasses import dataclass
from uuid import UUID

import asyncpg
from asyncpg import Record

from adapters.postgres.pool import Connection, Database
from adapters.postgres.usage import settle
from schemas.callers import Caller
from schemas.chats import (
    AskedQuestion,
    ChatContext,
    ChatMessage,
    ChatSession,
    Exchange,
    MessageStatus,
    Reply,
)
from schemas.errors import AnswerPending, ChatNotFound, Forbidden, IdempotencyKeyReused, VideoNotFound
from schemas.ids import ask
from schemas.library import Place
from schemas.usage import CallTicket, Operation

CONTEXT_EXCHANGES = 6
MAX_TITLE_CHARACTERS = 120
# An answer takes a minute at most; what is still being answered after two was answered by a process that died.
_ABANDONED_SECONDS = 120
_ABANDONED = f"""message.status = 'answering'
                 AND message.asked_at < now() - interval '{_ABANDONED_SECONDS} seconds'"""


@dataclass(frozen=True)
class Claim:
    """The right to answer a question: this attempt's, with the reserved line of the ledger."""

    question: AskedQuestion
    ticket: CallTicket


class PostgresChats:
    """Reads and writes chats, always as the caller."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def context(self, caller: Caller, session_id: UUID) -> ChatContext:
        """What the session has said lately. Raises: ChatNotFound."""
        sql = """SELECT said.question, said.answer FROM chat_sessions session
                 LEFT JOIN LATERAL (
                     SELECT question, answer, asked_at, id FROM chat_messages message
                     WHERE message.creator_id = session.creator_id AND message.session_id = session.id
                       AND message.asker_id = session.asker_id AND message.status = 'answered'
                     ORDER BY asked_at DESC, id DESC LIMIT $4) said ON true
                 WHERE session.creator_id = $1 AND session.id = $2 AND session.asker_id = $3
                 ORDER BY said.asked_at, said.id"""
        asker = caller.person
        async with self._database.as_caller(caller) as connection:
            rows = await connection.fetch(sql, caller.creator, session_id, asker, CONTEXT_EXCHANGES)
        if not rows:
            raise ChatNotFound(f"you have no chat session {session_id}")
        exchanges = tuple(Exchange(**row) for row in rows if row["question"] is not None)
        return ChatContext(session_id=session_id, creator_id=caller.creator, asker_id=asker, exchanges=exchanges)

    async def claim(self, caller: Caller, asked: AskedQuestion, provider: str, model: str) -> Claim | ChatMessage:
        """Write that the question is being answered, with the reserved line of the ledger; or its stored answer.

        Idempotent: the client's key is in the message's id. Who comes second finds the answer, or that it is pending;
        one that was interrupted is answered again, as the next attempt.
        Raises: AnswerPending; IdempotencyKeyReused; ChatNotFound; VideoNotFound; Forbidden without a membership.
        """
        try:
            async with self._database.as_caller(caller) as connection:
                attempt = await connection.fetchval(_claiming(caller), *_arguments(caller, asked))
                if attempt is None:
                    return await _why_not(connection, caller, asked)
                ticket = CallTicket(creator_id=caller.creator, ask=ask("chat", asked.message_id), attempt=attempt)
                await _reserve(connection, ticket, provider, model)
        except asyncpg.ForeignKeyViolationError:  # the session went while its context was remembered
            raise ChatNotFound(f"you have no chat session {asked.session_id}") from None
        return Claim(asked, ticket)

    async def finish(self, caller: Caller, claim: Claim, reply: Reply) -> ChatMessage | None:
        """Store the answer, settle its call and note the event, in one transaction; None where nothing was to finish.

        Idempotent: an attempt is finished once, and a later attempt's answer is not overwritten.
        """
        sql = """UPDATE chat_messages
                 SET answer = $4, citations = $5, status = $6, answered_at = clock_timestamp()
                 WHERE creator_id = $1 AND id = $2 AND attempt = $3 AND asker_id = $7 AND status = 'answering'
                 RETURNING id, session_id, question, answer, citations, status, asked_at"""
        cited = [citation.model_dump(mode="json") for citation in reply.citations]
        key = (caller.creator, claim.question.message_id, claim.ticket.attempt)
        async with self._database.as_caller(caller) as connection:
            row = await connection.fetchrow(sql, *key, reply.answer, cited, str(reply.status), caller.person)
            await _step_up(connection)
            await settle(connection, claim.ticket, reply.usage)
            if row is not None:
                await _note(connection, caller, claim.question, reply)
        return ChatMessage(**row) if row is not None else None

    async def sessions(self, caller: Caller, behind: Place | None, limit: int) -> list[ChatSession]:
        """The caller's sessions, newest first."""
        sql = """SELECT id, title, created_at FROM chat_sessions
                 WHERE creator_id = $1 AND asker_id = $2
                   AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4::uuid))
                 ORDER BY created_at DESC, id DESC LIMIT $5"""
        at, key = (behind.at, behind.id) if behind else (None, None)
        async with self._database.as_caller(caller) as connection:
            rows = await connection.fetch(sql, caller.creator, caller.person, at, key, limit)
        return [ChatSession(**row) for row in rows]

    async def messages(
        self, caller: Caller, session_id: UUID, behind: Place | None, limit: int
    ) -> tuple[ChatSession, list[ChatMessage]]:
        """A session with its messages, newest first. Raises: ChatNotFound.

        An answer that a process left behind when it died is shown as interrupted, which it is once it is asked again.
        Citations of videos that are gone, or that the caller may not see any more, are left out.
        """
        head = """SELECT id, title, created_at FROM chat_sessions
                  WHERE creator_id = $1 AND id = $2 AND asker_id = $3"""
        asker = caller.person
        at, key = (behind.at, behind.id) if behind else (None, None)
        async with self._database.as_caller(caller) as connection:
            session = await connection.fetchrow(head, caller.creator, session_id, asker)
            if session is None:
                raise ChatNotFound(f"you have no chat session {session_id}")
            rows = await connection.fetch(_MESSAGES, caller.creator, session_id, asker, at, key, limit)
        return ChatSession(**session), [ChatMessage(**row) for row in rows]


_CITED = """coalesce((
                SELECT jsonb_agg(cited ORDER BY number)
                FROM jsonb_array_elements(message.citations) WITH ORDINALITY AS listed (cited, number)
                JOIN videos video ON video.creator_id = $1 AND video.id = (cited ->> 'video_id')::uuid
            ), '[]')"""
_STATUS = f"CASE WHEN {_ABANDONED} THEN 'interrupted' ELSE status END"
_MESSAGES = f"""SELECT id, session_id, question, answer, {_STATUS} AS status, asked_at, {_CITED} AS citations
                FROM chat_messages message
                WHERE creator_id = $1 AND session_id = $2 AND asker_id = $3
                  AND ($4::timestamptz IS NULL OR (asked_at, id) < ($4, $5::uuid))
                ORDER BY asked_at DESC, id DESC LIMIT $6"""  # noqa: S608 - of constants

# What a student may do is asked of the database in the same breath: a membership, and a video that it may see.
_CLAIM = f"""opened AS (
    INSERT INTO chat_sessions (creator_id, id, student_id, title)
    SELECT $1, $2, $3, $4 FROM allowed WHERE $5 ON CONFLICT (creator_id, id) DO NOTHING
)
INSERT INTO chat_messages AS message (creator_id, id, session_id, asker_id, body_sha256, question)
SELECT $1, $6, $2, $7, $8, $9 FROM allowed
ON CONFLICT (creator_id, id) DO UPDATE
SET status = 'answering', answer = '', citations = '[]', attempt = message.attempt + 1,
    asked_at = clock_timestamp(), answered_at = NULL
WHERE message.body_sha256 = EXCLUDED.body_sha256 AND (message.status = 'interrupted' OR {_ABANDONED})
RETURNING attempt"""  # noqa: S608 - of constants
_ALLOWED = """WITH allowed AS MATERIALIZED (
    SELECT 1 WHERE ($3::uuid IS NULL OR is_member())
      AND ($10::uuid IS NULL OR EXISTS (SELECT 1 FROM videos WHERE creator_id = $1 AND id = $10))
), """
_AS_STUDENT = _ALLOWED + _CLAIM
# A creator who has uploaded nothing yet may ask all the same.
_AS_CREATOR = f"""{_ALLOWED} creator AS (
    INSERT INTO creators (creator_id, name) SELECT $1, $1::uuid::text FROM allowed ON CONFLICT DO NOTHING
), {_CLAIM}"""  # noqa: S608 - of constants


def _claiming(caller: Caller) -> str:
    return _AS_STUDENT if caller.student_id is not None else _AS_CREATOR


def _arguments(caller: Caller, asked: AskedQuestion) -> tuple[object, ...]:
    title = asked.question[:MAX_TITLE_CHARACTERS]
    return (
        caller.creator,
        asked.session_id,
        caller.student_id,
        title,
        asked.is_new_session,
        asked.message_id,
        caller.person,
        asked.body_sha256,
        asked.question,
        asked.video_id,
    )


async def _why_not(connection: Connection, caller: Caller, asked: AskedQuestion) -> ChatMessage:
    """The stored answer of a question that is not to be answered now, or the reason why there is none."""
    sql = f"""SELECT id, session_id, question, answer, {_STATUS} AS status, asked_at, {_CITED} AS citations,
                     body_sha256, extract(epoch FROM now() - asked_at)::float8 AS age
              FROM chat_messages message WHERE creator_id = $1 AND id = $2 AND asker_id = $3"""  # noqa: S608 - of constants
    row = await connection.fetchrow(sql, caller.creator, asked.message_id, caller.person)
    if row is not None and row["body_sha256"] != asked.body_sha256:
        raise IdempotencyKeyReused("the key was used before with another question")
    if row is not None and row["status"] != MessageStatus.INTERRUPTED:
        return _stored(row)
    await _check_allowed(connection, caller, asked)
    raise AnswerPending("its answer has just been interrupted", retry_after=1)


async def _check_allowed(connection: Connection, caller: Caller, asked: AskedQuestion) -> None:
    if caller.student_id is not None and not await connection.fetchval("SELECT is_member()"):
        raise Forbidden("you have no membership that lasts")
    sql = "SELECT EXISTS (SELECT FROM videos WHERE creator_id = $1 AND id = $2)"
    if asked.video_id is not None and not await connection.fetchval(sql, caller.creator, asked.video_id):
        raise VideoNotFound(f"there is no video {asked.video_id}")


def _stored(row: Record) -> ChatMessage:
    """The answer. Whoever asks too early waits as long again as it has been answered, or until it is given up.

    That at most doubles the wait for an answer, and of one whose process died it asks seven times and not a hundred.
    """
    found = {name: value for name, value in row.items() if name not in ("body_sha256", "age")}
    if row["status"] != MessageStatus.ANSWERED:
        wait = min(row["age"], _ABANDONED_SECONDS - row["age"])
        raise AnswerPending("this question is being answered", retry_after=max(1, math.ceil(wait)))
    return ChatMessage(**found)


async def _step_up(connection: Connection) -> None:
    # The ledger and the analytics are the creator's: a student neither sees nor writes them.
    await connection.execute("SET LOCAL ROLE NONE")


async def _reserve(connection: Connection, ticket: CallTicket, provider: str, model: str) -> None:
    sql = """INSERT INTO usage_ledger (creator_id, ask, attempt, operation, provider, model)
             VALUES ($1, $2, $3, $4, $5, $6)"""
    await _step_up(connection)
    await connection.execute(sql, ticket.creator_id, ticket.ask, ticket.attempt, str(Operation.CHAT), provider, model)


async def _note(connection: Connection, caller: Caller, asked: AskedQuestion, reply: Reply) -> None:
    sql = """INSERT INTO analytics_events (creator_id, id, at, kind, video_id, student_id, data)
             VALUES ($1, $2, now(), 'chat/question.answered', $3, $4, $5)"""
    data = {"session_id": str(asked.session_id), "status": str(reply.status), "citations": len(reply.citations)}
    await connection.execute(sql, caller.creator, asked.message_id, asked.video_id, caller.student_id, data)
