"""What a cache stands before: a fact that changes, and counts who reads it."""

import asyncio
from uuid import uuid4

from adapters.redis.keys import VIDEO, CacheKey, CachePolicy


class Truth:
    """A row of a database, say. `load` it; `reads` counts, and `seconds` is how long a read takes."""

    def __init__(self, fact: bytes = b"first", seconds: float = 0) -> None:
        self.fact = fact
        self.seconds = seconds
        self.reads = 0
        self.failure: Exception | None = None

    async def load(self) -> bytes:
        self.reads += 1
        read = self.fact
        await asyncio.sleep(self.seconds)
        if self.failure is not None:
            raise self.failure
        return read


def new_key(*tags: str, policy: CachePolicy = VIDEO) -> CacheKey:
    return CacheKey(policy, uuid4(), "glaciers", tags)
