"""A small file in one request, as a form of a page sends it."""

import asyncio
import errno
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4, uuid5

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.datastructures import FormData, UploadFile
from starlette.requests import ClientDisconnect, Request

from schemas.errors import (
    IdempotencyKeyReused,
    MediaTypeRefused,
    RequestInvalid,
    RequestTooLarge,
    StorageFull,
    TookTooLong,
)
from schemas.texts import TITLE_CHARACTERS, title_line, title_of
from schemas.uploads import NewUpload, file_name, upload_key
from starters.api.calling import CreatorCaller, ResourcesDep
from starters.api.idempotency import OptionalIdempotencyKey
from starters.api.requests import request_id_of

MAX_FILE_BYTES = 100_000_000  # larger ones are resumable: /api/videos/upload
_BLOCK_BYTES = 1 << 20
_SECONDS = 600.0  # 100 MB at 1.3 Mbit/s
_TEXT = {"type": "string", "maxLength": TITLE_CHARACTERS}
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "title": _TEXT,
                        "course": _TEXT,
                    },
                }
            }
        },
    }
}

router = APIRouter(prefix="/api/videos", tags=["uploads"])


class AcceptedVideo(BaseModel):
    """The video that the file became; processing has been ordered."""

    id: UUID


@router.post("", status_code=201, openapi_extra=_FORM)
async def send(
    request: Request,
    caller: CreatorCaller,
    resources: ResourcesDep,
    idempotency_key: OptionalIdempotencyKey = None,
) -> AcceptedVideo:
    """Take a file of at most 100 MB. The same `Idempotency-Key` again is the same video, and takes no second file."""
    # The form is read in here and not as a parameter: parameters are read before anybody is asked who it is.
    key = uuid5(caller.creator, f"upload/{idempotency_key}") if idempotency_key else uuid4()
    async with _form(request) as form:
        sent = _file(form)
        checksum = await asyncio.to_thread(_sha256, sent)
        new = NewUpload(
            creator_id=caller.creator,
            id=key,
            length=sent.size or 0,
            metadata=f"sha256 {checksum}",
            title=title_of(_text(form, "title"), file_name(sent.filename or "")),
            course=title_line(_text(form, "course")) or None,
            object_key=upload_key(caller.creator, key, sent.filename or "", checksum),
        )
        upload = await resources.uploads.begin(new)
        if not upload.is_of(new):
            raise IdempotencyKeyReused("the key was used before with another file or title")
        await sent.seek(upload.offset)  # a repeat goes on where the first try was cut
        upload = await resources.uploads.receive(upload, _blocks(sent), request_id_of(request))
    assert upload.video_id is not None, "all of the file was there"
    return AcceptedVideo(id=upload.video_id)


@asynccontextmanager
async def _form(request: Request) -> AsyncIterator[FormData]:
    """The form, its file on this machine's disk until it is stored.

    Raises: MediaTypeRefused, RequestInvalid; TookTooLong, StorageFull.
    """
    if not request.headers.get("Content-Type", "").startswith("multipart/form-data"):
        raise MediaTypeRefused("a file comes as multipart/form-data; large ones to /api/videos/upload")
    try:
        async with asyncio.timeout(_SECONDS):
            form = await request.form(max_files=1, max_fields=10, max_part_size=4_000)
    except ClientDisconnect:
        raise RequestInvalid("the client left before the file was here") from None
    except UnicodeError:  # of three codecs that a header may name: the others' errors Starlette makes good by Latin-1
        raise RequestInvalid("the form's charset cannot be read") from None
    except TimeoutError:
        raise TookTooLong(
            f"the file was not here within {_SECONDS:.0f} s; a resumable upload has no such limit"
        ) from None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise StorageFull("the disk for files on their way in is full") from error
    try:
        yield form
    finally:
        await form.close()


def _file(form: FormData) -> UploadFile:
    found = form.get("file")
    if isinstance(found, UploadFile) and found.size:
        if found.size > MAX_FILE_BYTES:
            raise RequestTooLarge(f"the file has more than {MAX_FILE_BYTES} bytes")
        return found
    wanted = "a file that is not empty"
    raise RequestInvalid(f"body.file: {wanted}", (("body.file", wanted),))


def _text(form: FormData, name: str) -> str:
    found = form.get(name, "")
    return found if isinstance(found, str) else ""


def _sha256(sent: UploadFile) -> str:
    sent.file.seek(0)
    digest = hashlib.sha256()
    while block := sent.file.read(_BLOCK_BYTES):
        digest.update(block)
    return digest.hexdigest()


async def _blocks(sent: UploadFile) -> AsyncIterator[bytes]:
    while block := await sent.read(_BLOCK_BYTES):
        yield block
