"""The upload protocol's headers (tus 1.0): what a client says in them, and what we say back."""

import base64
import binascii
from collections.abc import AsyncIterator, Mapping
from email.utils import format_datetime

from fastapi import Depends
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from schemas.errors import MediaTypeRefused, RequestInvalid, TusVersionRefused
from schemas.uploads import Upload
from starters.api.addresses import is_upload
from starters.api.envelope import add_header
from starters.uploads import ALGORITHMS, Checksum

VERSION = "1.0.0"
BODY_TYPE = "application/offset+octet-stream"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
HEADERS = [
    "Location",
    "Tus-Resumable",
    "Tus-Version",
    "Tus-Extension",
    "Tus-Max-Size",
    "Tus-Checksum-Algorithm",
    "Upload-Offset",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Expires",
    "Video-Id",
]
_METADATA_CHARACTERS = 4_000
_METHODS = {"POST", "HEAD", "PATCH", "DELETE"}
_NOT_SERVED = "GET"


class MethodOverride:
    """For clients whose way here lets only GET and POST through: a header names the method that is meant.

    Of uploads only, as the protocol demands: elsewhere, who may send a POST could so delete.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] != "OPTIONS" and is_upload(scope["method"], scope["path"]):
            meant = Headers(scope=scope).get("X-HTTP-Method-Override")
            if meant is not None:
                # A copy: the server below must go on seeing a POST, whose answer has a body.
                scope = dict(scope, method=meant.upper() if meant.upper() in _METHODS else _NOT_SERVED)
        await self._app(scope, receive, send)


async def speaking(request: Request) -> None:
    """Say on every answer what we speak, and hear no client that speaks something else."""
    add_header(request, "Tus-Resumable", VERSION)
    if request.method != "OPTIONS" and request.headers.get("Tus-Resumable") != VERSION:
        add_header(request, "Tus-Version", VERSION)
        raise TusVersionRefused(f"uploads are taken by tus {VERSION}, and the request must say so")


SPEAKING = Depends(speaking)


def configuration(max_bytes: int) -> dict[str, str]:
    """What OPTIONS tells."""
    return {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(max_bytes),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }


def state(upload: Upload) -> dict[str, str]:
    """Where the upload is. `Video-Id` is ours: the video that the upload became."""
    said = {
        "Upload-Offset": str(upload.offset),
        "Upload-Expires": format_datetime(upload.expires_at, usegmt=True),
    }
    return said | ({"Video-Id": str(upload.video_id)} if upload.video_id else {})


def read_metadata(header: str) -> Mapping[str, str]:
    """Keys and their texts. Raises: RequestInvalid."""
    if len(header) > _METADATA_CHARACTERS or not header.isascii():
        raise _invalid("Upload-Metadata", f"at most {_METADATA_CHARACTERS} ASCII characters")
    found: dict[str, str] = {}
    for pair in header.split(",") if header.strip() else ():
        key, _, value = pair.strip().partition(" ")
        if not key or key in found:
            raise _invalid("Upload-Metadata", "each key is there once and has a name")
        found[key] = _decoded("Upload-Metadata", value).decode(errors="replace")
    return found


def read_checksum(header: str | None) -> Checksum | None:
    """Raises: RequestInvalid."""
    if header is None:
        return None
    algorithm, _, value = header.partition(" ")
    if algorithm not in ALGORITHMS:
        raise _invalid("Upload-Checksum", f"the algorithm is one of {', '.join(ALGORITHMS)}")
    return Checksum(algorithm, _decoded("Upload-Checksum", value))


def require_body_type(request: Request) -> None:
    """Raises: MediaTypeRefused."""
    if request.headers.get("Content-Type") != BODY_TYPE:
        raise MediaTypeRefused(f"the bytes of an upload come as {BODY_TYPE}")


async def body_of(request: Request) -> AsyncIterator[bytes]:
    """What comes, until it is all or the client is gone: either way what has come is good."""
    try:
        async for block in request.stream():
            yield block
    except ClientDisconnect:
        return


def _decoded(header: str, value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        raise _invalid(header, "what follows the name is base64") from None


def _invalid(header: str, what: str) -> RequestInvalid:
    return RequestInvalid(f"{header}: {what}", ((f"header.{header}", what),))
