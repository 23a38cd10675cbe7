"""One Redis as a process sees it: asked briefly, and not at all while it is away."""

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as AwayError
from redis.exceptions import NoScriptError, RedisError, ResponseError

_LOGGER = logging.getLogger(__name__)
_ANSWER_SECONDS = 0.5  # connection and answer together; on one machine it takes 0.1 ms
_RETURN_SECONDS = 0.25  # between two looks whether it is back
_COMPLAINT_SECONDS = 60.0

Word = str | bytes | int
Command = tuple[Word, ...]
_Question = tuple[Command, "asyncio.Future[Any]"]
Return = Callable[[Redis, bool], Awaitable[object]]


async def _ping(redis: Redis, _was_away: bool) -> object:
    return await redis.ping()


class RedisConnection:
    """Asks one Redis. Who asked when it went away waits for half a second; who comes later does not wait at all.

    What is asked while an answer is awaited goes together in the next round trip: a busy process has few of them.

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
        self._waiting: list[_Question] = []
        self._sending: asyncio.Task[None] | None = None
        self._complained_at = float("-inf")

    @property
    def is_away(self) -> bool:
        """Whether nothing is asked at the moment."""
        return self._is_away

    async def ask(self, *command: Word) -> Any:
        """The answer. None if there is none: it is away, too slow, or refuses (being full, say)."""
        return await self._answer(command, command)

    async def run(self, script: str, keys: Sequence[str], arguments: Sequence[Word]) -> Any:
        """What a Lua script answers, which runs at once and undivided; None as above."""
        rest = (len(keys), *keys, *arguments)
        return await self._answer(("EVALSHA", _digest(script), *rest), ("EVAL", script, *rest))

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
        for task in (self._looking, self._sending):
            if task is not None:
                task.cancel()
        for _, answer in self._waiting:  # a task that has not begun ends without telling anybody
            _tell(answer, AwayError("closed"))
        if self._redis is not None:
            await self._redis.aclose()

    async def _answer(self, command: Command, in_full: Command) -> Any:
        if self._redis is None or self._is_away:
            return None
        try:
            try:
                return await self._queued(self._redis, command)
            except NoScriptError:
                return await self._queued(self._redis, in_full)  # which also makes it known
        except ResponseError as error:
            self._complain(error)
        except (RedisError, OSError) as error:
            self.suspend(type(error).__name__)
        return None

    def _queued(self, redis: Redis, command: Command) -> asyncio.Future[Any]:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, answer))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send(redis))
        return answer

    async def _send(self, redis: Redis) -> None:
        """Send what waits until nothing waits any more. Who waits when no answer comes waits for the same."""
        asked: list[_Question] = []
        failure: Exception = AwayError("closed")
        try:
            while self._waiting:
                asked, self._waiting = self._waiting, []
                for (_, answer), told in zip(asked, await _exchanged(redis, asked), strict=True):
                    _tell(answer, told)
        except (RedisError, OSError) as error:
            failure = error
        finally:
            self._sending = None
            waiting, self._waiting = self._waiting, []
            for _, answer in (*asked, *waiting):
                _tell(answer, failure)

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


async def _exchanged(redis: Redis, questions: Sequence[_Question]) -> list[Any]:
    """The answers, or errors in the place of some. Raises: RedisError, OSError where there is none in half a second."""
    pipeline = redis.pipeline(transaction=False)
    for command, _ in questions:
        pipeline.execute_command(*command)
    async with asyncio.timeout(_ANSWER_SECONDS):
        return await pipeline.execute(raise_on_error=False)


def _tell(answer: asyncio.Future[Any], told: object) -> None:
    if answer.done():  # told already, or whoever asked has gone
        return
    if isinstance(told, Exception):
        answer.set_exception(told)
    else:
        answer.set_result(told)


@cache
def _digest(script: str) -> str:
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()  # what EVALSHA calls it


def _client(url: str) -> Redis:
    # No retries: what must be waited for is worse than none. The time is bounded above, and need not be by the socket.
    return Redis.from_url(url, socket_timeout=None, socket_connect_timeout=None, retry=Retry(NoBackoff(), 0))
