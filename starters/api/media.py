"""Playing a video: a caller who may see it gets an address for a while; the address needs no credential."""

import hashlib
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from adapters.object_store import Store
from adapters.postgres.media_files import MediaFiles
from adapters.tokens.media_links import MediaLink
from schemas.errors import NotFound
from schemas.media import media_type
from starters.api.calling import AnyCaller, ResourcesDep
from starters.api.ranges import asked_range
from starters.api.versions import has_version

_GOOD_SECONDS = 3_600  # a player asks again when it is over; the video goes on at any byte
_BLOCK_BYTES = 1 << 20

router = APIRouter(prefix="/api/videos", tags=["videos"])
files = APIRouter(prefix="/media", tags=["videos"])


class MediaAddress(BaseModel):
    """Where the video plays, for whoever has the address."""

    url: str
    expires_at: datetime


@router.get("/{video_id}/media")
async def address(request: Request, video_id: UUID, caller: AnyCaller, resources: ResourcesDep) -> MediaAddress:
    """An address that a `<video>` element plays, with ranges; it is good for an hour."""
    found = await MediaFiles(resources.database).find(caller, video_id)
    until = int(time.time()) + _GOOD_SECONDS
    url = await resources.store.sign(found.object_key, _GOOD_SECONDS)
    if url is None:
        link = MediaLink(
            creator_id=found.creator_id,
            video_id=found.video_id,
            object_key=found.object_key,
            media_type=media_type(found.object_key, found.container),
            expires_at=until,
        )
        url = f"{resources.address_of(request)}/media/{resources.media_links.token(link)}"
    return MediaAddress(url=url, expires_at=datetime.fromtimestamp(until, UTC))


@files.api_route("/{token}", methods=["GET", "HEAD"], response_class=Response, include_in_schema=False)
async def file(request: Request, token: Annotated[str, Path(max_length=2_000)], resources: ResourcesDep) -> Response:
    """The file behind an address of ours."""
    link = resources.media_links.read(token)
    size = await resources.store.size(link.object_key)
    if size is None:
        raise NotFound("the file is not there any more")
    etag = f'"{hashlib.sha256(f"{link.object_key}/{size}".encode()).hexdigest()[:32]}"'
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "Content-Type": link.media_type,
        "Content-Disposition": "inline",
        "Cache-Control": f"private, no-transform, max-age={_GOOD_SECONDS}",
    }
    if has_version(request, etag):
        return Response(status_code=304, headers=headers)
    asked = asked_range(request, size, etag)
    start, end = asked or (0, size)
    headers["Content-Length"] = str(end - start)
    if asked:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    status = 206 if asked else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return StreamingResponse(_content(resources.store, link.object_key, start, end), status, headers)


async def _content(store: Store, key: str, start: int, end: int) -> AsyncIterator[bytes]:
    for at in range(start, end, _BLOCK_BYTES):
        yield await store.read(key, at, min(_BLOCK_BYTES, end - at))
