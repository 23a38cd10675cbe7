"""How large a body may be, known before it is read where its length is told, counted where it is not."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemas.errors import RequestTooLarge
from starters.api.addresses import FORM, is_upload
from starters.api.multipart import MAX_FILE_BYTES
from starters.api.problems import problem_response

MAX_BODY_BYTES = 1_000_000  # of anything but a file
MAX_FORM_BYTES = MAX_FILE_BYTES + 100_000  # the form around it: ten fields of 4 kB, and what parts them


class BodyLimit:
    """Inside the envelope, so that what is refused here too is a problem document with the request's id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (limit := _limit(scope)) is None:
            await self._app(scope, receive, send)
            return
        told = Headers(scope=scope).get("content-length", "")
        if told.isdecimal() and int(told) > limit:
            refused = RequestTooLarge(f"the body is larger than {limit / 1e6:g} MB")
            await problem_response(Request(scope), refused)(scope, receive, send)
            return
        await self._app(scope, _counted(receive, limit), send)


def _limit(scope: Scope) -> int | None:
    method, path = scope["method"], scope["path"]
    if is_upload(method, path):
        return None  # each upload's own length is its limit
    return MAX_FORM_BYTES if (method, path) == FORM else MAX_BODY_BYTES


def _counted(receive: Receive, limit: int) -> Receive:
    read = 0

    async def counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise HTTPException(413)  # of all errors only this one passes through whoever reads a body
        return message

    return counted
