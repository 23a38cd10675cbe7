"""What every request and every answer is wrapped in: an id, a deadline, safe headers, a line in the log, a count."""

import asyncio
import logging
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemas.errors import TookTooLong
from starters.api.addresses import FORM, is_upload
from starters.api.problems import bug_response, problem_response
from starters.api.requests import HEADER, chosen_id, keep_id
from starters.api.signals import Tally, begin_tally, observe

DEADLINE_SECONDS = 30.0  # until an answer begins; a stream may then last as long as both sides like
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",  # CORS decides which pages may read what
    "Strict-Transport-Security": "max-age=31536000",  # browsers heed it over TLS only
    "Cache-Control": "no-store",  # whatever may be kept says so itself
}
_LOGGER = logging.getLogger(__name__)


class Envelope:
    """The outermost middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        request_id = chosen_id(Headers(scope=scope).get(HEADER))
        keep_id(request, request_id)
        answer = _Answer(scope, request_id, send)
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            began, tally = time.perf_counter(), begin_tally()
            try:
                await self._answered(request, answer, receive)
            finally:
                _tell(scope, answer, time.perf_counter() - began, tally)

    async def _answered(self, request: Request, answer: "_Answer", receive: Receive) -> None:
        """Let the app answer, and answer for it where it cannot. Only what has not begun can still be replaced."""
        try:
            async with asyncio.timeout(_deadline(request)) as deadline:
                answer.deadline = deadline
                await self._app(request.scope, receive, answer.send)
        except (Exception, asyncio.CancelledError) as error:
            if answer.status:
                raise
            answer.deadline = None  # it has been left: the answer below has none
            await _instead(request, error, deadline.expired())(request.scope, receive, answer.send)
            if is_ended(error):
                raise


def is_ended(error: BaseException) -> bool:
    """Whether the server has ended this task, which it does when it stops. One whose client left goes on.

    A task that waits for another one hears of that one's end in the same words, and that is a bug.
    """
    task = asyncio.current_task() if isinstance(error, asyncio.CancelledError) else None
    return task is not None and task.cancelling() > 0


def _instead(request: Request, error: BaseException, is_late: bool) -> Response:
    """What is answered for an app that has answered nothing."""
    if is_ended(error):
        return problem_response(request, TookTooLong("the gateway stopped before the answer was ready"))
    if isinstance(error, TimeoutError) and is_late:
        return problem_response(request, TookTooLong(f"the answer was not ready within {DEADLINE_SECONDS:.0f} s"))
    _LOGGER.error("a bug behind %s %s", request.method, request.url.path, exc_info=error)
    return bug_response(request)


class _Answer:
    """The way back: puts the headers on and remembers the status (0: not begun)."""

    def __init__(self, scope: Scope, request_id: str, send: Send) -> None:
        self.status = 0
        self.deadline: asyncio.Timeout | None = None
        self._scope = scope
        self._request_id = request_id
        self._send = send

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.deadline is not None and not self.deadline.expired():
                self.deadline.reschedule(None)
            headers = MutableHeaders(scope=message)
            headers[HEADER] = self._request_id
            for name, value in self._scope["state"].get("headers", {}).items():
                headers[name] = value
            for name, value in _SAFE.items():
                headers.setdefault(name, value)
        await self._send(message)


def add_header(request: Request, name: str, value: str) -> None:
    """Have every answer to this request carry the header, a problem document too."""
    request.scope["state"].setdefault("headers", {})[name] = value


def has_header(request: Request, name: str) -> bool:
    """Whether `add_header` was asked for this one."""
    return name in request.scope["state"].get("headers", {})


def _deadline(request: Request) -> float | None:
    method, path = request.method, request.scope["path"]  # not the url, which would be put together first
    return None if is_upload(method, path) or (method, path) == FORM else DEADLINE_SECONDS


def _tell(scope: Scope, answer: _Answer, seconds: float, tally: Tally) -> None:
    # The template, not the path: ids in a metric's label would make a time series each.
    route = getattr(scope.get("route"), "path", "unknown")
    route = route if isinstance(route, str) else "unknown"
    observe(scope["method"], route, answer.status, seconds, tally)
    _LOGGER.info("%s %s %d in %.0f ms", scope["method"], route, answer.status, seconds * 1_000)
