"""As much of an HTTP/1.1 server as a provider needs, and the ways in which one breaks off in the middle."""

import asyncio
import contextlib
import json
import socket
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from enum import Enum
from http import HTTPStatus
from types import TracebackType
from typing import Self

_LARGEST_BODY = 64_000_000


class Delivery(Enum):
    """How much of an answer reaches the client."""

    WHOLE = "whole"
    NEVER = "never"  # the connection stays open and silent
    RESET = "reset"  # TCP RST instead of an answer
    TRUNCATED = "truncated"  # the header promises more bytes than come
    STALLED = "stalled"  # half of it, and then silence
    DRIPPING = "dripping"  # a byte every 50 ms, for ever: each packet is in time, the answer never is


@dataclass(frozen=True)
class Request:
    """What a client sent; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, object]:
        """The body as a JSON object."""
        value = json.loads(self.body)
        if not isinstance(value, dict):
            raise TypeError("not an object")
        return value


@dataclass(frozen=True)
class Reply:
    """What the server sends back."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    delivery: Delivery = Delivery.WHOLE


Handler = Callable[[Request], Reply]


class Server:
    """Serves `handler` on loopback until it is closed; closing breaks every open connection."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, port: int = 0) -> int:
        """Listen, and return the port (a free one where 0 was asked for)."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._converse(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request after another, as long as the client keeps the connection."""
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while (request := await _read_request(reader)) is not None:
                    await _send(writer, self._handler(request))
        finally:
            writer.transport.abort()


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    length = int(headers.get("content-length", "0"))
    if length > _LARGEST_BODY:
        return None
    return Request(method, target.partition("?")[0], headers, await reader.readexactly(length))


async def _send(writer: asyncio.StreamWriter, reply: Reply) -> None:
    """Send the reply as its delivery says. Anything but a whole one ends the connection."""
    match reply.delivery:
        case Delivery.WHOLE:
            writer.write(_head(reply) + reply.body)
            await writer.drain()
            return
        case Delivery.NEVER:
            await asyncio.Event().wait()
        case Delivery.TRUNCATED:
            writer.write(_head(reply) + reply.body[: len(reply.body) // 2])
            await writer.drain()
            writer.close()
        case Delivery.STALLED:
            writer.write(_head(reply) + reply.body[: len(reply.body) // 2])
            await writer.drain()
            await asyncio.Event().wait()
        case Delivery.DRIPPING:
            writer.write(_head(reply))
            for byte in reply.body:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.05)
        case Delivery.RESET:
            _linger_not(writer)
    raise ConnectionResetError


def _linger_not(writer: asyncio.StreamWriter) -> None:
    """Make the coming close a TCP reset: SO_LINGER with zero seconds."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _head(reply: Reply) -> bytes:
    defaults = {
        "content-type": "application/json",
        "content-length": str(len(reply.body)),
        "date": formatdate(usegmt=True),
    }
    headers = {**defaults, **{name.lower(): value for name, value in reply.headers.items()}}
    known = {status.value: status.phrase for status in HTTPStatus}
    lines = [f"HTTP/1.1 {reply.status} {known.get(reply.status, 'Overloaded')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Fake(ABC):
    """A vendor: listens on loopback for as long as the context lasts, and at the same port when it is entered again."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.requests: list[Request] = []
        self._server = Server(self._reply)

    async def __aenter__(self) -> Self:
        self.port = await self._server.open(self.port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._server.close()

    @abstractmethod
    def _reply(self, request: Request) -> Reply:
        """What the vendor answers."""
