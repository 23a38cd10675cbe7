"""Quizzes: read, tried and graded."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.requests import Request

from adapters.postgres.attempts import Attempts
from schemas.attempts import MAX_ANSWERS, Answer, AskedQuiz, AttemptResult, AttemptSummary
from schemas.callers import Caller, Role
from schemas.library import Place
from starters.api.calling import AnyCaller, ResourcesDep, calling
from starters.api.idempotency import IdempotencyKey, mark_repeat
from starters.api.paging import Cursor, Limit, page_of, place_of
from starters.attempts import hand_in, put_quiz

router = APIRouter(prefix="/api/quizzes", tags=["quizzes"])

StudentCaller = Annotated[Caller, Depends(calling(Role.STUDENT))]


class AnswerSheet(BaseModel):
    """A student's answers; what is left out counts as wrong."""

    answers: list[Answer] = Field(max_length=MAX_ANSWERS)


class AttemptPage(BaseModel):
    """A page of attempts, the newest first; `next` is the cursor of the next page, null on the last one."""

    items: list[AttemptSummary]
    next: str | None


@router.get("/{quiz_id}")
async def quiz(quiz_id: UUID, caller: AnyCaller, resources: ResourcesDep) -> AskedQuiz:
    """The questions. A student sees the solutions after the first graded attempt, the creator always."""
    return await put_quiz(Attempts(resources.database), caller, quiz_id)


@router.post("/{quiz_id}/attempts", status_code=201)
async def hand_in_attempt(
    quiz_id: UUID,
    sheet: AnswerSheet,
    key: IdempotencyKey,
    caller: StudentCaller,
    resources: ResourcesDep,
    request: Request,
) -> AttemptResult:
    """Grade the answers: right or wrong by question, with the right option, the reason and the second to jump to.

    A repeat gets the first result, with the header `Idempotent-Replayed`.
    """
    result, is_repeat = await hand_in(Attempts(resources.database), caller, quiz_id, key, sheet.answers)
    if is_repeat:
        mark_repeat(request)
    return result


@router.get("/{quiz_id}/attempts")
async def attempts(
    quiz_id: UUID, caller: AnyCaller, resources: ResourcesDep, limit: Limit = 20, cursor: Cursor = None
) -> AttemptPage:
    """A student's own attempts; for the creator those of all students."""
    found = await Attempts(resources.database).page(caller, quiz_id, limit + 1, place_of(cursor))
    items, more = page_of(found, limit, lambda attempt: Place(attempt.created_at, attempt.id))
    return AttemptPage(items=items, next=more)
