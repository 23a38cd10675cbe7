"""One Redis as a process sees it: asked briefly, and not at all while it is away."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError, ResponseError

_LOGGER = logging.getLogger(__name__)
_ANSWER_SECONDS = 0.5  # connection and answer together; on one machine it takes 0.1 ms
_RETURN_SECONDS = 0.25  # between two looks whether it is back
_CONNECTIONS = 50  # of one process; who finds none free waits, within the same half second
_COMPLAINT_SECONDS = 60.0

Answer = TypeVar("Answer")
Return = Callable[[Redis, bool], Awaitable[object]]


async def _ping(redis: Redis, _was_away: bool) -> object:
    return await redis.ping()


class RedisConnection:
    """Asks one Redis. Who asked when it went away waits for half a second; who comes later does not wait at all.

    A task of its own looks for its return, so no request is ever the one that finds out. Without an address it is
    always away.
    """

    def __init__(self, url: str, on_return: Return = _ping) -> None:
        """`on_return` is what is asked of one that comes back, before anything else.

        It is told whether Redis was really away: whether it also missed the question right after the one it missed.
        """
        self._redis = _client(url) if url else None
        self._on_return = on_return
        self._is_away = not url
        self._looking: asyncio.Task[None] | None = None
        self._scripts: dict[str, AsyncScript] = {}
        self._complained_at = float("-inf")

    @property
    def is_away(self) -> bool:
        """Whether nothing is asked at the moment."""
        return self._is_away

    async def ask(self, question: Callable[[Redis], Awaitable[Answer]]) -> Answer | None:
        """The answer. None if there is none: it is away, too slow, or refuses (being full, say)."""
        if self._redis is None or self._is_away:
            return None
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await question(self._redis)
        except ResponseError as error:
            self._complain(error)
        except (RedisError, OSError) as error:
            self.suspend(type(error).__name__)
        return None

    async def run(self, script: str, keys: Sequence[str], arguments: Sequence[str | bytes | int]) -> Any:
        """What a Lua script answers, which runs at once and undivided; None as above."""
        if self._redis is None:
            return None
        if (known := self._scripts.get(script)) is None:
            known = self._scripts[script] = self._redis.register_script(script)
        return await self.ask(lambda _: known(keys, arguments))

    def suspend(self, reason: str) -> None:
        """Ask nothing more until `on_return` was answered."""
        if self._redis is None or self._is_away:
            return
        _LOGGER.warning("a Redis is away (%s)", reason)
        self._is_away = True
        self._looking = asyncio.create_task(self._look_for(self._redis))

    async def close(self) -> None:
        """Give the connections back."""
        self._is_away = True
        if self._looking is not None:
            self._looking.cancel()
        if self._redis is not None:
            await self._redis.aclose()

    async def _look_for(self, redis: Redis) -> None:
        began, was_away = time.monotonic(), False
        while not await self._is_back(redis, was_away):
            was_away = True
            await asyncio.sleep(_RETURN_SECONDS)
        self._is_away = False
        _LOGGER.warning("a Redis is back after %.1f s", time.monotonic() - began)

    async def _is_back(self, redis: Redis, was_away: bool) -> bool:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self._on_return(redis, was_away)
        except (RedisError, OSError):
            return False
        return True

    def _complain(self, error: ResponseError) -> None:
        """Once a minute: a full one refuses every write."""
        if time.monotonic() - self._complained_at > _COMPLAINT_SECONDS:
            self._complained_at = time.monotonic()
            _LOGGER.warning("a Redis refuses (%s)", type(error).__name__)


def _client(url: str) -> Redis:
    # No retries: what must be waited for is worse than none. `ask` bounds the time, so the socket does not have to.
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=_CONNECTIONS,
        timeout=None,
        socket_timeout=None,
        socket_connect_timeout=None,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)
