"""The platform's events: accepted here, once each; what they start, a relay carries to Temporal."""

from typing import Annotated

from fastapi import APIRouter, Body
from starlette.requests import Request

from adapters.postgres.events import EventInbox
from schemas.callers import Caller
from schemas.errors import FileNotReadable, Forbidden
from schemas.events import Event, EventAnswer, MembershipChanged, PlatformEvent, QuizRequested, UploadCompleted
from starters.api.calling import CreatorCaller, ResourcesDep
from starters.api.idempotency import IdempotencyKey, mark_repeat
from starters.api.limiting import hold_to_limit
from starters.api.requests import request_id_of
from starters.api.resources import Resources
from starters.videos import read_url

router = APIRouter(prefix="/api/events", tags=["events"])


@router.post("", status_code=202)
async def post_event(
    event: Annotated[Event, Body()],
    key: IdempotencyKey,
    caller: CreatorCaller,
    resources: ResourcesDep,
    request: Request,
) -> EventAnswer:
    """Tell what happened on the platform. What it starts is durable with the answer, whether Temporal is there or not.

    A repeat gets the first answer, with the header `Idempotent-Replayed`; the same key with another event is refused.
    """
    if isinstance(event, QuizRequested):  # counted as at its own address
        await hold_to_limit(request, resources.limits, caller, "quiz")
    return await accepted(resources, request, key, _checked(event, caller))


async def accepted(resources: Resources, request: Request, key: str, event: PlatformEvent) -> EventAnswer:
    """The event's first answer, marked where it is not given for the first time."""
    receipt = await EventInbox(resources.database).accept(key, event, request_id_of(request))
    if isinstance(event, MembershipChanged):
        await resources.remembered.forget_members(event.creator)
    elif receipt.answer.video_id is not None:
        await resources.remembered.forget_video(event.creator, receipt.answer.video_id)
    if receipt.is_repeat:
        mark_repeat(request)
    return receipt.answer


def _checked(event: PlatformEvent, caller: Caller) -> PlatformEvent:
    """The event as its caller's own. Raises: Forbidden; FileNotReadable, UrlRefused."""
    creator = caller.creator
    if event.creator_id not in (None, creator):
        raise Forbidden("the event names another creator than you ask for")
    if isinstance(event, UploadCompleted):
        # Another creator's key must look as if nothing were there; whether something is, the story finds out.
        if event.object_key is not None and not event.object_key.startswith(f"{creator}/"):
            raise FileNotReadable("the object store holds nothing of yours under this key")
        if event.url is not None:
            read_url(event.url)
    return event.model_copy(update={"creator_id": creator})
