"""Chats in the database: claimed once, finished once, and closed to everybody but their asker."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from adapters.postgres.chats import CONTEXT_EXCHANGES, Claim, PostgresChats
from schemas.callers import Caller
from schemas.chats import AskedQuestion, ChatMessage, MessageStatus
from schemas.errors import AnswerPending, ChatNotFound, Forbidden, IdempotencyKeyReused, VideoNotFound
from tests.callers import creator_caller, joined, lapse, student_caller
from tests.chats import chatted, claimed, question, reply
from tests.databases import FreshDatabase, queued_video
from tests.searchable import published

pytestmark = pytest.mark.servers


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ada(database: FreshDatabase) -> Caller:
    """A member."""
    creator = uuid4()
    await queued_video(database.app, creator)
    return await joined(database, creator)


async def test_of_twenty_claims_of_one_question_one_is_given(database: FreshDatabase, ada: Caller) -> None:
    asked, chats = question(), PostgresChats(database.app)
    claims = await asyncio.gather(
        *(chats.claim(ada, asked, "local", "extractive") for _ in range(20)), return_exceptions=True
    )
    given = [claim for claim in claims if isinstance(claim, Claim)]
    assert len(given) == 1
    assert [type(claim) for claim in claims if claim is not given[0]] == [AnswerPending] * 19
    lines = "SELECT count(*) FROM usage_ledger WHERE ask = $1"
    assert await database.scalar(lines, given[0].ticket.ask) == 1


async def test_an_attempt_is_finished_once_and_never_by_an_earlier_one(database: FreshDatabase, ada: Caller) -> None:
    chats, asked = PostgresChats(database.app), question()
    first = await claimed(database.app, ada, asked)
    assert await chats.finish(ada, first, reply("half", MessageStatus.INTERRUPTED)) is not None
    assert await chats.finish(ada, first, reply("late")) is None
    second = await claimed(database.app, ada, asked)
    assert second.ticket.attempt == 2
    assert await chats.finish(ada, first, reply("of a dead process")) is None
    done = await chats.finish(ada, second, reply("whole"))
    assert done is not None
    stored = await chats.claim(ada, asked, "local", "extractive")
    assert isinstance(stored, ChatMessage)
    assert (stored.answer, stored.status) == ("whole", MessageStatus.ANSWERED)


async def test_a_context_is_the_latest_answers_in_order(database: FreshDatabase, ada: Caller) -> None:
    first = await chatted(database.app, ada, question(text="Question 0?"))
    for number in range(1, CONTEXT_EXCHANGES + 2):
        await chatted(database.app, ada, question(first.session_id, f"Question {number}?"))
    await claimed(database.app, ada, question(first.session_id, "Nobody answers this."))
    context = await PostgresChats(database.app).context(ada, first.session_id)
    asked = [exchange.question for exchange in context.exchanges]
    assert asked == [f"Question {n}?" for n in range(2, CONTEXT_EXCHANGES + 2)]
    assert (context.creator_id, context.asker_id) == (ada.creator, ada.student_id)


async def test_a_question_into_a_session_of_somebody_else_is_refused_by_the_keys(
    database: FreshDatabase, ada: Caller
) -> None:
    """Even where the session was not looked at before: a remembered context is not asked for."""
    session = (await chatted(database.app, ada)).session_id
    eve = await joined(database, ada.creator, "eve")
    for caller in (eve, creator_caller(ada.creator), creator_caller(uuid4())):
        with pytest.raises(ChatNotFound):
            await claimed(database.app, caller, question(session))
        with pytest.raises(ChatNotFound):
            await PostgresChats(database.app).context(caller, session)


async def test_without_a_membership_nothing_is_claimed(database: FreshDatabase, ada: Caller) -> None:
    ended = await joined(database, ada.creator, "bob", "cancelled")
    for caller in (ended, student_caller(ada.creator, "nobody"), student_caller(uuid4(), "ada")):
        with pytest.raises(Forbidden):
            await claimed(database.app, caller, question())


async def _interrupted(database: FreshDatabase, caller: Caller, asked: AskedQuestion) -> None:
    claim = await claimed(database.app, caller, asked)
    assert await PostgresChats(database.app).finish(caller, claim, reply("half", MessageStatus.INTERRUPTED)) is not None


async def test_the_key_of_an_interrupted_answer_is_not_for_another_question(
    database: FreshDatabase, ada: Caller
) -> None:
    asked = question()
    await _interrupted(database, ada, asked)
    for other in ({"body_sha256": "Another?"}, {"body_sha256": "Another?", "video_id": uuid4()}):
        with pytest.raises(IdempotencyKeyReused):
            await claimed(database.app, ada, asked.model_copy(update=other))
    assert (await claimed(database.app, ada, asked)).ticket.attempt == 2


async def test_what_nobody_answers_any_more_is_refused_to_who_may_not_ask_any_more(database: FreshDatabase) -> None:
    bob, asked, later = await joined(database, uuid4(), "bob"), question(), question()
    await _interrupted(database, bob, asked)
    await claimed(database.app, bob, later)
    await database.scalar(
        "UPDATE chat_messages SET asked_at = now() - interval '3 minutes' WHERE creator_id = $1", bob.creator
    )
    assert bob.student_id is not None
    await lapse(database, bob.student_id)
    for unanswered in (asked, later):
        with pytest.raises(Forbidden):
            await claimed(database.app, bob, unanswered)


async def test_a_question_about_a_video_that_is_gone_is_not_answered_again(
    database: FreshDatabase, ada: Caller
) -> None:
    video = await published(database, await queued_video(database.app, ada.creator, "gone"))
    asked = question(video=video.video_id)
    await _interrupted(database, ada, asked)
    await database.scalar("UPDATE videos SET published = false WHERE id = $1", video.video_id)
    with pytest.raises(VideoNotFound):
        await claimed(database.app, ada, asked)


async def _as_student(database: FreshDatabase, caller: Caller, sql: str, *arguments: object) -> str:
    assert caller.student_id is not None
    async with database.app.as_student(caller.creator, caller.student_id) as connection:
        return str(await connection.execute(sql, *arguments))


_SESSION = "INSERT INTO chat_sessions (creator_id, id, student_id, title) VALUES ($1, $2, $3, 'x')"


async def test_the_database_itself_lets_a_student_write_own_rows_only(database: FreshDatabase, ada: Caller) -> None:
    mal = await joined(database, ada.creator, "mal")
    for creator, student in ((ada.creator, ada.student_id), (ada.creator, None), (uuid4(), mal.student_id)):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _as_student(database, mal, _SESSION, creator, uuid4(), student)
    ended = await joined(database, ada.creator, "end", "expired")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _as_student(database, ended, _SESSION, ada.creator, uuid4(), ended.student_id)
    message = await chatted(database.app, ada)
    change = "UPDATE chat_messages SET answer = 'forged' WHERE id = $1"
    assert await _as_student(database, mal, change, message.id) == "UPDATE 0"
    assert await _as_student(database, ada, change, message.id) == "UPDATE 1"


@pytest.mark.parametrize("change", ["asker_id = $1", "session_id = $1", "creator_id = $1", "question = $1::uuid::text"])
async def test_whose_a_message_is_and_what_it_asked_can_never_be_changed(
    database: FreshDatabase, ada: Caller, change: str
) -> None:
    await chatted(database.app, ada)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _as_student(database, ada, f"UPDATE chat_messages SET {change}", UUID(int=1))


async def test_a_student_sees_neither_the_ledger_nor_the_analytics(database: FreshDatabase, ada: Caller) -> None:
    await chatted(database.app, ada)
    for table in ("usage_ledger", "analytics_events"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _as_student(database, ada, f"SELECT 1 FROM {table}")


async def test_a_students_chats_go_with_the_student(database: FreshDatabase, ada: Caller) -> None:
    leaving = await joined(database, ada.creator, "leaving")
    message = await chatted(database.app, leaving)
    await database.scalar("DELETE FROM students WHERE id = $1", leaving.student_id)
    assert await database.scalar("SELECT count(*) FROM chat_messages WHERE id = $1", message.id) == 0
