"""What the database itself lets a student do with attempts."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from adapters.postgres.attempts import Attempts
from schemas.attempts import Attempt, MarkedAnswer
from schemas.callers import Caller, Role
from schemas.errors import NotFound
from schemas.ids import student_id
from tests.callers import enrolled
from tests.databases import FreshDatabase
from tests.starters.api.lectures import asked, completed, publish

pytestmark = pytest.mark.servers

INSERT = """INSERT INTO quiz_attempts
                (creator_id, id, quiz_id, video_id, student_id, number, body_sha256, correct, questions)
            SELECT $1, gen_random_uuid(), $2, $3, $4, 1, 'x', 0, 1"""


def _ada(creator: UUID) -> Caller:
    return Caller(role=Role.STUDENT, subject="ada", creator_id=creator, student_id=student_id(creator, "ada"))


async def _refused(database: FreshDatabase, caller: Caller, sql: str, *arguments: object) -> bool:
    try:
        async with database.app.as_caller(caller) as connection:
            await connection.execute(sql, *arguments)
    except asyncpg.InsufficientPrivilegeError:
        return True
    return False


async def test_a_student_adds_attempts_of_its_own_on_what_it_sees_and_changes_none(database: FreshDatabase) -> None:
    creator = uuid4()
    shown, quiz = await completed(database, creator)
    hidden, unseen = await completed(database, creator, "hidden", published=False)
    bob = await enrolled(database, creator, "bob")
    ada = _ada(creator)
    await enrolled(database, creator)
    video = shown.video.video_id
    assert not await _refused(database, ada, INSERT, creator, quiz.quiz_id, video, ada.student_id)
    assert await _refused(database, ada, INSERT, creator, quiz.quiz_id, video, bob)
    assert await _refused(database, ada, INSERT, creator, unseen.quiz_id, hidden.video.video_id, ada.student_id)
    for table in ("quiz_attempts", "attempt_answers"):
        assert await _refused(database, ada, f"DELETE FROM {table}")
        assert await _refused(database, ada, f"UPDATE {table} SET creator_id = creator_id")


async def test_a_student_neither_sees_nor_adds_to_anothers_attempt(database: FreshDatabase) -> None:
    creator = uuid4()
    audio, _ = await completed(database, creator)
    quiz = await asked(database, audio, 1)
    await enrolled(database, creator)
    await enrolled(database, creator, "bob")
    ada = _ada(creator)
    bob = ada.model_copy(update={"student_id": student_id(creator, "bob")})
    question = await database.scalar("SELECT id FROM questions WHERE quiz_id = $1", quiz)
    assert isinstance(question, UUID)
    theirs = Attempt(uuid4(), quiz, "x", [MarkedAnswer(question, None, is_correct=False)])
    await Attempts(database.app).record(bob, theirs)
    assert await Attempts(database.app).find(ada, theirs.id) is None
    add = "INSERT INTO attempt_answers VALUES ($1, $2, $3, 0, true)"
    assert await _refused(database, ada, add, creator, theirs.id, question)
    async with database.app.as_caller(ada) as connection:
        assert await connection.fetch("SELECT 1 FROM quiz_attempts UNION ALL SELECT 1 FROM attempt_answers") == []


async def test_the_creator_writes_no_attempt(database: FreshDatabase) -> None:
    creator = uuid4()
    audio, quiz = await completed(database, creator)
    student = await enrolled(database, creator)
    caller = Caller(role=Role.CREATOR, subject="somebody", creator_id=creator)
    assert await _refused(database, caller, INSERT, creator, quiz.quiz_id, audio.video.video_id, student)


async def test_a_quiz_that_went_out_of_sight_while_it_was_graded_takes_no_attempt(database: FreshDatabase) -> None:
    creator = uuid4()
    audio, _ = await completed(database, creator)
    quiz = await asked(database, audio, 1)
    await enrolled(database, creator)
    await publish(database, audio.video, published=False)
    with pytest.raises(NotFound):
        await Attempts(database.app).record(_ada(creator), Attempt(uuid4(), quiz, "x", []))


async def test_recording_an_attempt_twice_stores_it_once(database: FreshDatabase) -> None:
    creator = uuid4()
    audio, _ = await completed(database, creator)
    quiz = await asked(database, audio, 1)
    await enrolled(database, creator)
    attempt = Attempt(uuid4(), quiz, "x", [])
    first = await Attempts(database.app).record(_ada(creator), attempt)
    assert await Attempts(database.app).record(_ada(creator), attempt) == first
    assert await database.scalar("SELECT count(*) FROM quiz_attempts WHERE quiz_id = $1", quiz) == 1
