"""Asking for a new quiz."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field
from starlette.requests import Request

from schemas.events import EventAnswer, QuizRequested
from starters.api.calling import CreatorCaller, ResourcesDep
from starters.api.events import accepted
from starters.api.idempotency import IdempotencyKey

router = APIRouter(prefix="/api/quizzes", tags=["quizzes"])


class QuizWish(BaseModel):
    """About which video, and how many questions at most: a lecture that defines little gives few."""

    video_id: UUID
    questions: int = Field(default=10, ge=1, le=50)


@router.post("/generate", status_code=202)
async def generate(
    wish: Annotated[QuizWish, Body()],
    key: IdempotencyKey,
    caller: CreatorCaller,
    resources: ResourcesDep,
    request: Request,
) -> EventAnswer:
    """Order a new quiz about a completed video; it can be read under the answer's `quiz_id` once it is made."""
    event = QuizRequested(creator_id=caller.creator, video_id=wish.video_id, questions=wish.questions)
    return await accepted(resources, request, key, event)
