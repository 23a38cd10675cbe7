"""Server-sent events that are made while they are sent, and end with whoever listens."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, ServerSentEvent, format_sse_event
from starlette.types import Receive, Scope, Send

_KEEP_ALIVE_SECONDS = 15.0
_AHEAD = 16  # events that are made before the client has read the ones before


class EventStream(EventSourceResponse):
    """The events of one generator, which raises nothing.

    It runs in a task of its own. When the client leaves, or the server stops, the task is cancelled once and waited
    for: what the generator does at its end is done before this response is.
    """

    def __init__(self, events: AsyncGenerator[ServerSentEvent, None]) -> None:
        self._events = events
        self._making: asyncio.Task[None]
        self._made: asyncio.Queue[bytes | None] = asyncio.Queue(_AHEAD)
        super().__init__(self._sent(), headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._making = asyncio.create_task(self._make())
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._making.cancel()
            await asyncio.wait([self._making])

    async def _make(self) -> None:
        async with aclosing(self._events) as events:
            async for event in events:
                await self._made.put(format_sse_event(event=event.event, data_str=event.raw_data))
        await self._made.put(None)

    async def _sent(self) -> AsyncIterator[bytes]:
        while True:
            try:
                async with asyncio.timeout(_KEEP_ALIVE_SECONDS):
                    made = await self._made.get()
            except TimeoutError:
                made = None if self._making.done() else KEEPALIVE_COMMENT
            if made is None:
                return
            yield made
