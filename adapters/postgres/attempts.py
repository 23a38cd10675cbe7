"""Quizzes as they are put to whoever asks, and the attempts of students."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import Record

from adapters.postgres.errors import unless_taken_away
from adapters.postgres.pool import Connection, Database
from schemas.attempts import (
    MAX_ANSWERS,
    MAX_ATTEMPTS,
    AskedQuestion,
    AskedQuiz,
    Attempt,
    AttemptSummary,
    MarkedAnswer,
    Solution,
    StoredAttempt,
)
from schemas.callers import Caller
from schemas.errors import AttemptsUsedUp, NotFound
from schemas.library import Place

_SUMMARY = "id, student_id, number, correct, questions, created_at"


class Attempts:
    """Reads and writes as the caller, save `solutions`: ask for the quiz as the caller first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def quiz(self, caller: Caller, quiz_id: UUID) -> AskedQuiz:
        """The quiz without its solutions. Raises: NotFound, also where the video is not published to this student."""
        sql = """SELECT id, position, kind, stem, options FROM questions
                 WHERE creator_id = $1 AND quiz_id = $2 ORDER BY position LIMIT $3"""
        async with self._database.as_caller(caller) as connection:
            head = await _head(connection, caller, quiz_id)
            questions = await connection.fetch(sql, caller.creator, quiz_id, MAX_ANSWERS)
        return AskedQuiz(**head, questions=tuple(AskedQuestion(**question) for question in questions))

    async def solutions(self, creator: UUID, quiz_id: UUID) -> dict[UUID, Solution]:
        """The right answers by question. As the creator: who asks must have been allowed to see them."""
        sql = """SELECT id, answer_index, explanation, quotation, start_second, end_second FROM questions
                 WHERE creator_id = $1 AND quiz_id = $2"""
        async with self._database.as_creator(creator) as connection:
            return {row["id"]: Solution(**row) for row in await connection.fetch(sql, creator, quiz_id)}

    async def find(self, caller: Caller, attempt_id: UUID) -> StoredAttempt | None:
        """The attempt of this id, if it is stored and the caller's."""
        async with self._database.as_caller(caller) as connection:
            return await _find(connection, caller.creator, attempt_id)

    async def record(self, caller: Caller, attempt: Attempt) -> StoredAttempt:
        """Store the attempt as the student's next one, and return what is stored.

        Idempotent: keyed by the attempt's id; the first one stands, and is what every call returns. Attempts of one
        student on one quiz follow each other, so that of two at once each gets a number.
        Raises: NotFound where the quiz cannot be seen any more; AttemptsUsedUp.
        """
        async with self._database.as_caller(caller) as connection:
            await connection.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"{caller.student_id}/{attempt.quiz_id}"
            )
            if stored := await _find(connection, caller.creator, attempt.id):
                return stored
            head = await _head(connection, caller, attempt.quiz_id)
            if head["attempts"] >= MAX_ATTEMPTS:
                raise AttemptsUsedUp(f"the quiz was tried {MAX_ATTEMPTS} times")
            with unless_taken_away(_not_found(attempt.quiz_id)):
                await _insert(connection, caller, attempt, head)
            stored = await _find(connection, caller.creator, attempt.id)
        assert stored is not None, "it was inserted in this transaction"
        return stored

    async def page(
        self, caller: Caller, quiz_id: UUID, limit: int, behind: Place | None = None
    ) -> list[AttemptSummary]:
        """At most `limit` attempts, the newest first: a student's own, or those of all students of the creator.

        Raises: NotFound.
        """
        sql = f"""SELECT {_SUMMARY} FROM quiz_attempts
                  WHERE creator_id = $1 AND quiz_id = $2 AND created_at <= coalesce($3::timestamptz, 'infinity')
                    AND ($3::timestamptz IS NULL OR created_at < $3 OR id > $4)
                  ORDER BY created_at DESC, id LIMIT $5"""  # noqa: S608 - a constant
        at, key = (behind.at, behind.id) if behind is not None else (None, None)
        async with self._database.as_caller(caller) as connection:
            await _head(connection, caller, quiz_id)
            rows = await connection.fetch(sql, caller.creator, quiz_id, at, key, limit)
        return [AttemptSummary(**row) for row in rows]


async def _head(connection: Connection, caller: Caller, quiz_id: UUID) -> Record:
    sql = """SELECT id, video_id, created_at,
                    (SELECT count(*) FROM quiz_attempts attempt WHERE attempt.creator_id = quiz.creator_id
                       AND attempt.quiz_id = quiz.id AND attempt.student_id = $3) AS attempts
             FROM quizzes quiz WHERE creator_id = $1 AND id = $2"""
    row = await connection.fetchrow(sql, caller.creator, quiz_id, caller.student_id)
    if row is None:
        raise _not_found(quiz_id)
    return row


def _not_found(quiz_id: UUID) -> NotFound:
    return NotFound(f"there is no quiz {quiz_id}")


async def _find(connection: Connection, creator: UUID, attempt_id: UUID) -> StoredAttempt | None:
    head = f"SELECT {_SUMMARY}, body_sha256 FROM quiz_attempts WHERE creator_id = $1 AND id = $2"  # noqa: S608 - a constant
    body = """SELECT question_id, option_index, is_correct FROM attempt_answers
              WHERE creator_id = $1 AND attempt_id = $2"""
    row = await connection.fetchrow(head, creator, attempt_id)
    if row is None:
        return None
    answers = [MarkedAnswer(**answer) for answer in await connection.fetch(body, creator, attempt_id)]
    return StoredAttempt(AttemptSummary(**row), row["body_sha256"], answers)


async def _insert(connection: Connection, caller: Caller, attempt: Attempt, quiz: Record) -> None:
    sql = """INSERT INTO quiz_attempts
                 (creator_id, id, quiz_id, video_id, student_id, number, body_sha256, correct, questions)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""
    await connection.execute(
        sql,
        caller.creator,
        attempt.id,
        attempt.quiz_id,
        quiz["video_id"],
        caller.student_id,
        quiz["attempts"] + 1,
        attempt.body_sha256,
        sum(answer.is_correct for answer in attempt.answers),
        len(attempt.answers),
    )
    await _insert_answers(connection, caller.creator, attempt.id, attempt.answers)


async def _insert_answers(
    connection: Connection, creator: UUID, attempt_id: UUID, answers: Sequence[MarkedAnswer]
) -> None:
    sql = """INSERT INTO attempt_answers (creator_id, attempt_id, question_id, option_index, is_correct)
             SELECT $1, $2, question_id, option_index, is_correct
             FROM unnest($3::uuid[], $4::smallint[], $5::boolean[]) AS marked (question_id, option_index, is_correct)"""
    await connection.execute(
        sql,
        creator,
        attempt_id,
        [answer.question_id for answer in answers],
        [answer.option_index for answer in answers],
        [answer.is_correct for answer in answers],
    )
