"""Resumable uploads by tus 1.0: a file of 20 GB over any line, resumed where it was cut."""

from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Header
from starlette.requests import Request
from starlette.responses import Response

from schemas.errors import RequestTooLarge, TookTooLong, UploadConflict
from schemas.texts import title_line, title_of
from schemas.uploads import NewUpload, Upload, file_name, upload_key
from starters.api import tus
from starters.api.addresses import UPLOADS
from starters.api.calling import CreatorCaller, ResourcesDep
from starters.api.envelope import add_header
from starters.api.requests import request_id_of
from starters.uploads import Checksum, Uploads

_BODY: dict[str, Any] = {
    "requestBody": {"content": {tus.BODY_TYPE: {"schema": {"type": "string", "format": "binary"}}}},
}
Length = Annotated[int, Header(alias="Upload-Length", ge=1, description="Bytes of the whole file.")]
Metadata = Annotated[
    str, Header(alias="Upload-Metadata", max_length=4_000, description="`title`, `course`, `filename`, in base64.")
]
Offset = Annotated[int, Header(alias="Upload-Offset", ge=0, description="Where these bytes begin.")]
ChecksumHeader = Annotated[
    str | None, Header(alias="Upload-Checksum", max_length=200, description="`sha256 ` and base64.")
]

router = APIRouter(prefix=UPLOADS, tags=["uploads"], dependencies=[tus.SPEAKING])
abilities = APIRouter(prefix=UPLOADS, tags=["uploads"], dependencies=[tus.SPEAKING])


@abilities.options("", status_code=204, response_class=Response)
async def tell_abilities(resources: ResourcesDep) -> Response:
    """What this server can of the protocol; asks for no credential."""
    return Response(status_code=204, headers=tus.configuration(resources.settings.max_video_bytes))


@router.post("", status_code=201, response_class=Response, openapi_extra=_BODY)
async def create(
    request: Request,
    caller: CreatorCaller,
    resources: ResourcesDep,
    length: Length,
    metadata: Metadata = "",
    checksum: ChecksumHeader = None,
) -> Response:
    """Begin an upload; `Location` is where its bytes go. It may bring the first of them along."""
    if length > resources.settings.max_video_bytes:
        raise RequestTooLarge(f"a video has at most {resources.settings.max_video_bytes} bytes")
    said, check = tus.read_metadata(metadata), tus.read_checksum(checksum)
    key, filename = uuid4(), said.get("filename", "")
    new = NewUpload(
        creator_id=caller.creator,
        id=key,
        length=length,
        metadata=metadata,
        title=title_of(said.get("title", ""), file_name(filename)),
        course=title_line(said.get("course", "")) or None,
        object_key=upload_key(caller.creator, key, filename),
    )
    with_bytes = request.headers.get("Content-Type") == tus.BODY_TYPE
    if with_bytes:
        _require_room(request, length)
    upload = await resources.uploads.begin(new)
    add_header(request, "Location", f"{resources.address_of(request)}{UPLOADS}/{key}")
    if with_bytes:
        upload = await _receive(request, resources.uploads, upload, check)
    return Response(status_code=201, headers=tus.state(upload))


@router.head("/{upload_id}", response_class=Response)
async def where(upload_id: UUID, caller: CreatorCaller, resources: ResourcesDep) -> Response:
    """How much is there: a client that was cut goes on from it."""
    upload = await resources.uploads.find(caller.creator, upload_id)
    headers = tus.state(upload) | {"Upload-Length": str(upload.length)}
    if upload.metadata:
        headers["Upload-Metadata"] = upload.metadata
    return Response(headers=headers)


@router.patch("/{upload_id}", status_code=204, response_class=Response, openapi_extra=_BODY)
async def add(
    request: Request,
    upload_id: UUID,
    caller: CreatorCaller,
    resources: ResourcesDep,
    offset: Offset,
    checksum: ChecksumHeader = None,
) -> Response:
    """Bytes that follow those that are there. With the last one the video is made, once, and processing begins."""
    tus.require_body_type(request)
    check = tus.read_checksum(checksum)
    upload = await resources.uploads.find(caller.creator, upload_id)
    if offset != upload.offset:
        add_header(request, "Upload-Offset", str(upload.offset))
        raise UploadConflict(f"the upload goes on at byte {upload.offset}")
    _require_room(request, upload.length - offset)
    upload = await _receive(request, resources.uploads, upload, check)
    return Response(status_code=204, headers=tus.state(upload))


@router.delete("/{upload_id}", status_code=204, response_class=Response)
async def end(upload_id: UUID, caller: CreatorCaller, resources: ResourcesDep) -> Response:
    """End the upload and remove its bytes. A video that it has become stays."""
    await resources.uploads.end(caller.creator, upload_id)
    return Response(status_code=204)


def _require_room(request: Request, room: int) -> None:
    """Refuse before a byte is read where the client says that it sends too many. Raises: RequestTooLarge."""
    said = request.headers.get("Content-Length", "")
    if said.isdecimal() and int(said) > room:
        raise RequestTooLarge(f"the upload has room for {room} bytes more")


async def _receive(request: Request, uploads: Uploads, upload: Upload, check: Checksum | None) -> Upload:
    try:
        return await uploads.receive(upload, tus.body_of(request), request_id_of(request), check)
    except TookTooLong:
        add_header(request, "Connection", "close")  # the rest of the body never comes
        raise
