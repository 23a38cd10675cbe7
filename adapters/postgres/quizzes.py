"""Quizzes, stored whole or not at all."""

from collections.abc import Sequence
from uuid import UUID

from adapters.postgres.pool import Connection, Database
from adapters.postgres.usage import settle
from schemas.ids import quiz_id
from schemas.quizzes import Question, Quiz, QuizRef, QuizRequest
from schemas.usage import CallTicket, Usage


class PostgresQuizzes:
    """Satisfies the port `QuizRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, request: QuizRequest) -> QuizRef | None:
        """The quiz that this request made, if it is stored."""
        async with self._database.as_creator(request.video.creator_id) as connection:
            return await _find(connection, request)

    async def save(
        self,
        request: QuizRequest,
        provider: str,
        model: str,
        questions: Sequence[Question],
        ticket: CallTicket,
        usage: Usage,
    ) -> QuizRef:
        """Store quiz and questions and settle the call, in one transaction.

        Idempotent: keyed by transcript and request; the first quiz stands and is what every call returns.
        Raises: Superseded.
        """
        sql = """INSERT INTO quizzes (creator_id, id, video_id, transcript_id, request, provider, model)
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING"""
        video, key = request.video, quiz_id(request.transcript_id, request.request)
        async with self._database.fenced(video) as connection:
            await settle(connection, ticket, usage)
            made = await connection.execute(
                sql, video.creator_id, key, video.video_id, request.transcript_id, request.request, provider, model
            )
            if made == "INSERT 0 1":
                await _insert_questions(connection, request, key, questions)
            stored = await _find(connection, request)
        assert stored is not None, "the quiz was inserted, or was there"
        return stored


class QuizReader:
    """What a creator may read of the quizzes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, creator: UUID, video_id: UUID) -> Quiz | None:
        """The video's newest quiz with its answers, if there is one."""
        head = """SELECT id, video_id, provider, model FROM quizzes WHERE creator_id = $1 AND video_id = $2
                  ORDER BY created_at DESC LIMIT 1"""
        body = """SELECT id, position, kind, stem, options, answer_index, explanation, quotation,
                         start_second, end_second
                  FROM questions WHERE creator_id = $1 AND quiz_id = $2 ORDER BY position"""
        async with self._database.as_creator(creator) as connection:
            row = await connection.fetchrow(head, creator, video_id)
            if row is None:
                return None
            questions = await connection.fetch(body, creator, row["id"])
        return Quiz(**row, questions=tuple(Question(**question) for question in questions))


async def _find(connection: Connection, request: QuizRequest) -> QuizRef | None:
    sql = """SELECT quiz.id AS quiz_id, count(question.id)::integer AS questions
             FROM quizzes quiz LEFT JOIN questions question
               ON question.creator_id = quiz.creator_id AND question.quiz_id = quiz.id
             WHERE quiz.creator_id = $1 AND quiz.transcript_id = $2 AND quiz.request = $3
             GROUP BY quiz.id"""
    row = await connection.fetchrow(sql, request.video.creator_id, request.transcript_id, request.request)
    return QuizRef(**row) if row is not None else None


async def _insert_questions(
    connection: Connection, request: QuizRequest, quiz: UUID, questions: Sequence[Question]
) -> None:
    sql = """INSERT INTO questions (creator_id, id, quiz_id, video_id, position, kind, stem, options, answer_index,
                                    explanation, quotation, start_second, end_second)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"""
    video = request.video
    rows = [
        (
            video.creator_id,
            q.id,
            quiz,
            video.video_id,
            q.position,
            str(q.kind),
            q.stem,
            list(q.options),
            q.answer_index,
            q.explanation,
            q.quotation,
            q.start_second,
            q.end_second,
        )
        for q in questions
    ]
    await connection.executemany(sql, rows)
