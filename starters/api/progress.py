"""A video's way as server-sent events: numbered, so that a client goes on where it was cut off."""

import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent

from starters.api.calling import AnyCaller, ResourcesDep
from starters.following import Follower

_NUMBER = re.compile(r"[0-9]{1,18}")
_AGAIN_MILLISECONDS = 1_000

router = APIRouter(prefix="/api/videos", tags=["videos"])

LastEventId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", description="The last `id` that came: the stream goes on behind it."),
]


async def follower(
    video_id: UUID, caller: AnyCaller, resources: ResourcesDep, last_event_id: LastEventId = None
) -> AsyncIterator[Follower]:
    """Found out before the stream begins, and let go after it ended. An id that we never gave is the beginning."""
    after = int(last_event_id) if last_event_id is not None and _NUMBER.fullmatch(last_event_id) else 0
    async with resources.following.follow(caller, video_id, after) as found:
        yield found


@router.get("/{video_id}/progress", response_class=EventSourceResponse)
async def progress(following: Annotated[Follower, Depends(follower)]) -> AsyncIterator[ServerSentEvent]:
    """Every change of the video: `stage` and `status` as they are stored, and `end` when it has come to its end.

    A stream without `end` was cut off: come again with the last `id`, as an EventSource does by itself.
    """
    yield ServerSentEvent(comment="following", retry=_AGAIN_MILLISECONDS)
    async with aclosing(following.changes()) as changes:
        async for change in changes:
            yield ServerSentEvent(
                id=str(change.number), event=change.kind, data={"at": change.at.isoformat()} | change.data
            )
    if following.end is not None:
        yield ServerSentEvent(event="end", data={"status": following.end})
