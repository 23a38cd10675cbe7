"""Heartbeats: how the server learns that a long step is alive, and how a step learns that it was cancelled."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from temporalio import activity

INTERVAL_SECONDS = 1.0  # cancellation reaches a step with the answer to a beat, so this bounds how late it does


@asynccontextmanager
async def heartbeating() -> AsyncIterator[None]:
    """Beat every second while the body runs. The body must not block the event loop, or the beats stop.

    Each beat repeats the details that the previous attempt left: a beat without them would wipe its checkpoint.
    """
    beats = asyncio.create_task(_beat(activity.info().heartbeat_details))
    try:
        yield
    finally:
        beats.cancel()
        await asyncio.gather(beats, return_exceptions=True)


async def _beat(details: Sequence[Any]) -> None:
    while True:
        activity.heartbeat(*details)
        await asyncio.sleep(INTERVAL_SECONDS)
