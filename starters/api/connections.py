"""What a connection may take before there is a request, and how long it waits for a client that does not read."""

import asyncio
import logging
from typing import ClassVar

from starlette.requests import Request
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from schemas.errors import RequestHeadTooLarge
from starters.api.problems import problem_response, status_of
from starters.api.requests import HEADER, chosen_id, keep_id, request_id_of

_LOGGER = logging.getLogger(__name__)


class Connection(HttpToolsProtocol):
    """uvicorn's own, with the bounds that it lacks.

    Its parser takes heads of any size and requests ahead of their turn in any number, and its one timer runs between
    requests. Until an answer begins the envelope's deadline holds; how fast it is taken is looked at here.
    """

    head_bytes: ClassVar[int] = 65_536  # the request line and the headers: a token has 2 kB, and proxies add little
    head_seconds: ClassVar[float] = 15.0  # from the connection, or from the first byte after an answer
    requests_ahead: ClassVar[int] = 32  # browsers send none; each is held whole, and 14,000 fit into one read
    stall_seconds: ClassVar[float] = 60.0  # a client that takes nothing for so long is cut before twice as long

    _unread = 0  # bytes since the parser last got on: of a head, of trailers, or of nothing at all
    _unsent = 0  # bytes that waited for the client at the last look, and nothing was added since
    _head_timer: asyncio.TimerHandle | None = None
    _look_timer: asyncio.TimerHandle | None = None
    _in_turn: RequestResponseCycle | None = None  # who is answered now; `cycle` is who was read last

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head, but not for ever."""
        super().connection_made(transport)
        self.flow = _Flow(self)
        self._await_head()
        self._look_timer = self.loop.call_later(self.stall_seconds, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave no timer behind, and tell whoever answers: uvicorn tells only the request that was read last."""
        super().connection_lost(exc)
        self.pipeline.clear()
        if self._in_turn is not None and not self._in_turn.response_complete:
            self._in_turn.disconnected = True
            self._in_turn.message_event.set()
        for timer in (self._head_timer, self._look_timer):
            if timer is not None:
                timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Parse; whatever the bytes are, either they lead on to an answer soon or they are the last."""
        self._unread += len(data)
        super().data_received(data)
        if self._unread > self.head_bytes:
            self._refuse()
        elif self._head_timer is None and not self._is_answering():
            self._await_head()

    def on_headers_complete(self) -> None:
        """Answer, if the head is no larger than it may be: one that came in one piece was not counted before."""
        self._unread = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        if len(self.url) + sum([len(name) + len(value) for name, value in self.headers]) > self.head_bytes:
            self._refuse()
            raise RequestHeadTooLarge  # it ends the parser; what uvicorn says then is not sent any more
        if len(self.pipeline) >= self.requests_ahead:
            self.transport.close()
            raise ConnectionAbortedError  # the same: the parser would else go through all that was read with them
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Bodies are counted elsewhere."""
        self._unread = 0
        super().on_body(body)

    def on_response_complete(self) -> None:
        """Let the next one have its turn; once none waits for it, more are read."""
        super().on_response_complete()
        self.flow.resume_reading()

    def resume_writing(self) -> None:
        """The client has taken nearly everything."""
        super().resume_writing()
        self._unsent = 0

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._in_turn = cycle
        super()._start_asgi_task(cycle, app)

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_seconds, self.transport.close)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self) -> None:
        """Say why, if that does not end up within another answer, and close."""
        if not self._is_answering():
            self.transport.write(_refusal(self.head_bytes))
        self.transport.close()

    def _look(self) -> None:
        """Cut a client that does not take what waits for it: neither an answer's task nor a close gets past it.

        One look a minute costs an answer nothing. What is looked at only shrinks: a sender waits, or there is none.
        """
        waits = self.flow.write_paused or self.transport.is_closing()
        before, self._unsent = self._unsent, self.transport.get_write_buffer_size() if waits else 0
        if 0 < before <= self._unsent:
            self.transport.abort()
        else:
            self._look_timer = self.loop.call_later(self.stall_seconds, self._look)


class _Flow(FlowControl):
    """Reads nothing while a request waits for its turn: uvicorn's goes on after every answer, and for who listens."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection.transport)
        self._waiting = connection.pipeline

    def resume_reading(self) -> None:
        """Unless a request waits."""
        if not self._waiting:
            super().resume_reading()


def _refusal(limit: int) -> bytes:
    """A whole answer, to what never becomes a request."""
    error = RequestHeadTooLarge(f"the request line and the headers have more than {limit} bytes")
    request = Request({"type": "http", "headers": []})
    keep_id(request, chosen_id(None))
    said = problem_response(request, error)
    _LOGGER.info("%s, told as request %s", error, request_id_of(request))
    own = [(HEADER.lower().encode(), request_id_of(request).encode()), (b"connection", b"close")]
    lines = [name + b": " + value + b"\r\n" for name, value in (*said.raw_headers, *own)]
    return b"".join([STATUS_LINE[status_of(error)], *lines, b"\r\n", bytes(said.body)])
