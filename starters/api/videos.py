"""Videos: the list, and one of them with how far it is."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from adapters.postgres.videos import VideoReader
from schemas.videos import VideoStatus
from starters.api.calling import CreatorCaller, ResourcesDep, security

router = APIRouter(prefix="/api/videos", tags=["videos"], dependencies=security())


class VideoPage(BaseModel):
    """What a list says of a video."""

    id: UUID
    title: str
    status: VideoStatus
    duration_seconds: float | None
    created_at: datetime


@router.get("/{video_id}")
async def video(video_id: UUID, caller: CreatorCaller, resources: ResourcesDep) -> VideoPage:
    """One video."""
    found = await VideoReader(resources.database).find(caller.creator, video_id)
    return VideoPage.model_validate(found, from_attributes=True)
