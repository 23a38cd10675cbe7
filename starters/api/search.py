"""Search over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from schemas.texts import PlainText
from starters.api.calling import AnyCaller, ResourcesDep
from starters.search import Sought, find_moments

router = APIRouter(prefix="/api/search", tags=["search"])


class Hit(BaseModel):
    """Where to jump to, and the sentence that is spoken there."""

    video_id: UUID
    title: str
    start_second: float = Field(description="From the start of the video.", examples=[75.2])
    end_second: float
    sentence: str
    score: float = Field(description="The sentence's likeness to the query, up to 1.", examples=[0.61])


class Hits(BaseModel):
    """The best moments first. Words count beside meaning, so scores need not fall from hit to hit."""

    query: str
    items: list[Hit]


@router.get("")
async def search(
    caller: AnyCaller,
    resources: ResourcesDep,
    q: Annotated[
        PlainText, Query(min_length=1, max_length=500, description='Words; `or`, `-word` and "a phrase" work.')
    ],
    video_id: Annotated[UUID | None, Query(description="In this video alone.")] = None,
    course_id: Annotated[UUID | None, Query(description="In this course alone.")] = None,
    limit: Annotated[int, Query(ge=1, le=50, description="How many moments at most.")] = 10,
) -> Hits:
    """Find the moments at which something is said, in what the caller may see: by meaning and by words."""
    moments = await find_moments(resources.database, resources.embedder, caller, Sought(q, limit, video_id, course_id))
    return Hits(query=q, items=[Hit.model_validate(moment, from_attributes=True) for moment in moments])
