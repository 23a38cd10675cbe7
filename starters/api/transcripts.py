"""The transcript and its captions: what is there so far, and said to be partial as long as it is."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from adapters.postgres.transcript_pages import TranscriptPages
from schemas.callers import Caller
from schemas.transcripts import PlacedSegment, SegmentPlace, Transcript, TranscriptHead
from starters.api.calling import AnyCaller, ResourcesDep
from starters.api.resources import Resources
from starters.api.versions import NOT_MODIFIED, kept, tag_of, unchanged
from starters.captions import CaptionFormat, captions_of

PARTIAL = "Mentora-Partial"  # on captions; SRT has no other place to say it

router = APIRouter(prefix="/api/videos", tags=["transcripts"])

FromSecond = Annotated[
    float, Query(ge=0, le=1_000_000, allow_inf_nan=False, description="Only what begins at this second or later.")
]
Segments = Annotated[int, Query(ge=1, le=1_000, description="How many segments at most.")]
SegmentCursor = Annotated[
    str | None, Query(pattern=r"^[0-9]{1,9}\.[0-9]{1,9}$", description="The `next` of the page before.")
]


class Spoken(BaseModel):
    """One phrase, in seconds from the start of the video. An edit names it by `number`."""

    number: int
    start: float
    end: float
    text: str
    is_edited: bool


class TranscriptPage(BaseModel):
    """A page of the newest transcript. `next` is null at the end of what is there, of a partial one too."""

    id: UUID
    language: str | None
    model: str
    is_partial: bool
    parts_done: int = Field(description="Of them those up to the first missing one are read.")
    parts_total: int
    items: list[Spoken]
    next: str | None


class WebVtt(Response):
    """A file of WebVTT."""

    media_type = "text/vtt"


class SubRip(Response):
    """A file of SRT."""

    media_type = "application/x-subrip"


@router.get("/{video_id}/transcript", response_model=TranscriptPage, responses=NOT_MODIFIED)
async def transcript(
    video_id: UUID,
    caller: AnyCaller,
    resources: ResourcesDep,
    request: Request,
    limit: Segments = 200,
    cursor: SegmentCursor = None,
    after: FromSecond = 0,
) -> Response:
    """What was said, in pages. Of a partial transcript come again with `after` the last second that you have."""
    pages = TranscriptPages(resources.database)
    head = await pages.head(caller, video_id)
    tag = tag_of(head, limit, cursor, after)
    if same := unchanged(request, tag):
        return same

    async def render() -> str:
        found = await pages.page(caller.creator, head.id, limit + 1, _place(cursor), after)
        return _page(head, found[:limit], has_more=len(found) > limit).model_dump_json()

    # Only beginnings are remembered: there is no end of places that somebody may ask for.
    is_beginning = cursor is None and not after
    text = await (resources.remembered.rendered(caller.creator, video_id, tag, render) if is_beginning else render())
    return Response(text, media_type="application/json", headers=kept(tag))


@router.get("/{video_id}/captions.vtt", response_class=WebVtt, responses=NOT_MODIFIED)
async def captions_vtt(video_id: UUID, caller: AnyCaller, resources: ResourcesDep, request: Request) -> Response:
    """Captions for the web's players. A partial file says so in a NOTE and in the header `Mentora-Partial`."""
    return await _captions(request, resources, caller, video_id, "vtt", WebVtt)


@router.get("/{video_id}/captions.srt", response_class=SubRip, responses=NOT_MODIFIED)
async def captions_srt(video_id: UUID, caller: AnyCaller, resources: ResourcesDep, request: Request) -> Response:
    """Captions for other players. A partial file says so in the header `Mentora-Partial`."""
    return await _captions(request, resources, caller, video_id, "srt", SubRip)


async def _captions(
    request: Request,
    resources: Resources,
    caller: Caller,
    video_id: UUID,
    wanted: CaptionFormat,
    answer: type[WebVtt] | type[SubRip],
) -> Response:
    """The head alone tells the version: whoever has it costs no rendering, which takes 1.4 s for four hours."""
    pages = TranscriptPages(resources.database)
    head = await pages.head(caller, video_id)
    tag = tag_of(head, wanted)
    if same := unchanged(request, tag):
        return same

    async def render() -> str:
        segments = await pages.segments(caller.creator, head.id)
        return await captions_of(Transcript(**head.model_dump(), segments=tuple(segments)), wanted)

    text = await resources.remembered.rendered(caller.creator, video_id, tag, render)
    return answer(text, headers=kept(tag) | {PARTIAL: "false" if head.is_complete else "true"})


def _page(head: TranscriptHead, segments: Sequence[PlacedSegment], *, has_more: bool) -> TranscriptPage:
    return TranscriptPage(
        **head.model_dump(exclude={"is_complete"}),
        is_partial=not head.is_complete,
        items=[Spoken.model_validate(segment, from_attributes=True) for segment in segments],
        next=f"{segments[-1].part_number}.{segments[-1].position}" if has_more else None,
    )


def _place(cursor: str | None) -> SegmentPlace | None:
    if cursor is None:
        return None
    part, _, position = cursor.partition(".")
    return SegmentPlace(int(part), int(position))
