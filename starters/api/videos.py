"""Videos: the list, and one of them with how far it is."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.requests import Request

from adapters.postgres.library import Library
from schemas.library import Place, VideoCard, VideoDetail
from schemas.texts import TITLE_CHARACTERS
from schemas.video_changes import EditableVideo
from schemas.videos import VideoStatus
from starters.api.calling import AnyCaller, ResourcesDep
from starters.api.envelope import add_header
from starters.api.paging import Cursor, Limit, page_of, place_of

router = APIRouter(prefix="/api/videos", tags=["videos"])

Course = Annotated[
    str | None, Query(min_length=1, max_length=TITLE_CHARACTERS, pattern=r"^[^\x00]*$", description="Its title.")
]


class VideoPage(BaseModel):
    """A page of videos, the newest first; `next` is the cursor of the next page, null on the last one."""

    items: list[VideoCard]
    next: str | None


@router.get("")
async def videos(
    caller: AnyCaller,
    resources: ResourcesDep,
    limit: Limit = 20,
    cursor: Cursor = None,
    status: VideoStatus | None = None,
    course: Course = None,
) -> VideoPage:
    """The creator's videos; a student gets those that are published, while the membership lasts."""
    found = await Library(resources.database).page(caller, limit + 1, place_of(cursor), status, course)
    items, more = page_of(found, limit, lambda card: Place(card.created_at, card.id))
    return VideoPage(items=items, next=more)


@router.get("/{video_id}")
async def video(video_id: UUID, caller: AnyCaller, resources: ResourcesDep, request: Request) -> VideoDetail:
    """One video: how far it is, what can be read of it, and why it failed if it did."""
    found = await resources.remembered.video(caller, video_id)
    add_header(request, "ETag", EditableVideo.model_validate(found, from_attributes=True).tag)
    return found
