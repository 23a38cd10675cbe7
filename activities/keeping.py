"""What was paid for is kept: a store that is away when an answer comes is waited for with the answer in hand."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from schemas.errors import StoreUnavailable

PAUSE_SECONDS = 1.0

T = TypeVar("T")


async def kept(save: Callable[[], Awaitable[T]]) -> T:
    """Return what `save` returns, trying until the store takes it; the step's own time-out bounds the waiting.

    To give up and let the step be tried again would throw the answer away and pay for it once more, for as long as the
    store is away. `save` must be idempotent: the store may have taken it before the connection broke.
    """
    while True:
        try:
            return await save()
        except StoreUnavailable:
            await asyncio.sleep(PAUSE_SECONDS)
