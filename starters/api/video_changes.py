"""Changing a video: edit, cancel, retry, delete. Each is durable with its answer; a relay carries what follows."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Header
from starlette.requests import Request

from adapters.postgres.video_changes import VideoWriter
from schemas.video_changes import EditableVideo, VideoEdit, VideoState
from starters.api.calling import CreatorCaller, ResourcesDep
from starters.api.envelope import add_header
from starters.api.requests import request_id_of
from starters.api.versions import expected

router = APIRouter(prefix="/api/videos", tags=["videos"])

IfMatch = Annotated[
    str | None, Header(alias="If-Match", max_length=1_000, description="The ETag of the version that is to be edited.")
]


@router.patch("/{video_id}")
async def edit(
    video_id: UUID,
    change: Annotated[VideoEdit, Body()],
    caller: CreatorCaller,
    resources: ResourcesDep,
    request: Request,
    if_match: IfMatch = None,  # noqa: ARG001 - named for the contract
) -> EditableVideo:
    """Change title, course or whether it is published; what is not named stays. If-Match keeps others' edits."""
    edited = await VideoWriter(resources.database).edit(caller.creator, video_id, change, expected(request))
    await resources.remembered.forget_video(caller.creator, video_id)
    add_header(request, "ETag", edited.tag)
    return edited


@router.delete("/{video_id}", status_code=204)
async def delete(video_id: UUID, caller: CreatorCaller, resources: ResourcesDep, request: Request) -> None:
    """Remove the video and everything that was made of it, for good. A repeat is answered alike."""
    await VideoWriter(resources.database).delete(caller.creator, video_id, request_id_of(request))
    await resources.remembered.forget_video(caller.creator, video_id)


@router.post("/{video_id}/cancel")
async def cancel(video_id: UUID, caller: CreatorCaller, resources: ResourcesDep, request: Request) -> VideoState:
    """End the processing; what is stored stays. A repeat is answered alike; a video that ended is a conflict."""
    state = await VideoWriter(resources.database).cancel(caller.creator, video_id, request_id_of(request))
    await resources.remembered.forget_video(caller.creator, video_id)
    return state


@router.post("/{video_id}/retry", status_code=202)
async def retry(video_id: UUID, caller: CreatorCaller, resources: ResourcesDep, request: Request) -> VideoState:
    """Process a failed or cancelled video again. What is stored is not made again; any other status is a conflict."""
    state = await VideoWriter(resources.database).retry(caller.creator, video_id, request_id_of(request))
    await resources.remembered.forget_video(caller.creator, video_id)
    return state
