"""Redis, the quick and forgetful one. Whatever it holds can be made again, so nothing here ever raises for it."""

import logging
from array import array
from collections.abc import Sequence

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from schemas.ids import text_sha256

_LOGGER = logging.getLogger(__name__)


class RedisEmbeddingCache:
    """Satisfies the port `EmbeddingCache`: vectors by model and text hash, without expiry, evicted by least use.

    A vector is four bytes a float, which is what the models give. With no address, or no server behind it, nothing is
    remembered: slower, never wrong.
    """

    def __init__(self, url: str) -> None:
        # One second and no retries: a cache that must be waited for is worse than none.
        self._redis: Redis | None = (
            Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))
            if url
            else None
        )

    async def get(self, model: str, texts: Sequence[str]) -> list[tuple[float, ...] | None]:
        """The vectors that are remembered, in the texts' order."""
        if self._redis is None or not texts:
            return [None] * len(texts)
        try:
            stored = await self._redis.mget([_key(model, text) for text in texts])
        except (RedisError, OSError) as error:
            _LOGGER.warning("the cache is away (%s)", type(error).__name__)
            return [None] * len(texts)
        return [_floats(blob) for blob in stored]

    async def put(self, model: str, vectors: dict[str, tuple[float, ...]]) -> None:
        """Remember these, if possible."""
        if self._redis is None or not vectors:
            return
        try:
            await self._redis.mset(
                {_key(model, text): array("f", vector).tobytes() for text, vector in vectors.items()}
            )
        except (RedisError, OSError) as error:
            _LOGGER.warning("the cache is away (%s)", type(error).__name__)

    async def close(self) -> None:
        """Give the connections back."""
        if self._redis is not None:
            await self._redis.aclose()


def _key(model: str, text: str) -> str:
    # Not by creator: the same words have the same vector for everybody, and a hash tells nobody what they were.
    return f"embedding:{model}:{text_sha256(text)}"


def _floats(blob: object) -> tuple[float, ...] | None:
    if not isinstance(blob, bytes) or not blob or len(blob) % 4:
        return None  # forgotten, or not one of ours
    floats = array("f")
    floats.frombytes(blob)
    return tuple(floats)
