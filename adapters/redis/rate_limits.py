"""Rate limits as exact sliding windows, counted in one Redis for all processes, and by each for itself without it."""

import time
from uuid import uuid4

from adapters.redis.connection import RedisConnection
from adapters.redis.windows import Windows
from schemas.ids import text_sha256
from schemas.limits import RateLimit, Verdict

# KEYS: a log for each limit. ARGV: the request's name, then of each limit the requests and the window in microseconds.
# Answers for each whether it refuses, how many it holds, and the microseconds until the next is let through and until
# it is empty. The request is counted in all of them or, if one is full, in none. Redis's clock is everybody's clock.
# To add is the first thing that is written, because a Redis without memory looks at the first only.
_ADMIT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local limits, full = {}, false
for i, key in ipairs(KEYS) do
  local limit = {requests = tonumber(ARGV[2 * i]), window = tonumber(ARGV[2 * i + 1])}
  limit.after = string.format('(%.0f', now - limit.window)
  limit.held = redis.call('ZCOUNT', key, limit.after, '+inf')
  limit.refuses = limit.held >= limit.requests
  limits[i], full = limit, full or limit.refuses
end
local answer = {}
for i, key in ipairs(KEYS) do
  local limit = limits[i]
  if not full then
    redis.call('ZADD', key, string.format('%.0f', now), ARGV[1])
    redis.call('ZREMRANGEBYSCORE', key, '-inf', string.sub(limit.after, 2))
    redis.call('PEXPIRE', key, math.ceil(limit.window / 1000))
    limit.held = limit.held + 1
  end
  local function left(rank)
    local found = redis.call('ZRANGEBYSCORE', key, limit.after, '+inf', 'WITHSCORES', 'LIMIT', rank, 1)
    return found[2] and found[2] + limit.window - now or 0
  end
  local wait = limit.held >= limit.requests and left(limit.held - limit.requests) or 0
  answer[i] = {limit.refuses and 1 or 0, limit.held, wait, limit.held > 0 and left(limit.held - 1) or 0}
end
return answer
"""
_MICROSECONDS = 1_000_000


class RateLimiter:
    """Admits requests. It never raises, and without its Redis it neither refuses everybody nor admits everything.

    What this process let through, it also counts itself. So it goes on where it was when Redis goes away, and still
    remembers when Redis comes back with nothing. Whoever is over a limit by this process's own count is told so without
    asking Redis, which could not say otherwise.
    """

    def __init__(self, url: str) -> None:
        """Without an address each process limits by itself."""
        self._connection = RedisConnection(url)
        self._windows = Windows()
        self._is_refused = False

    @property
    def is_degraded(self) -> bool:
        """Whether this process limits by itself, so that all together may let through more."""
        return self._connection.is_away or self._is_refused

    async def admit(self, caller: str, *limits: RateLimit) -> tuple[Verdict, ...]:
        """A verdict for each limit, in their order; the request is let through if all allow it, and counted only then.

        A limit may change between two requests; what was counted under its name still counts.
        """
        # Hashed, since a caller may be an address of the network or whatever else somebody sent.
        asked = [(f"limit:{limit.name}:{text_sha256(caller)}", limit) for limit in limits]
        now = time.monotonic()
        own = self._windows.admit(asked, now)
        if not all(verdict.allowed for verdict in own):
            return self._by_itself(own) if self.is_degraded else own
        told = await self._connection.run(_ADMIT, [key for key, _ in asked], _arguments(limits))
        self._is_refused = told is None and not self._connection.is_away
        if told is None:
            return self._by_itself(own)
        verdicts = tuple(_verdict(limit, *numbers) for limit, numbers in zip(limits, told, strict=True))
        if not all(verdict.allowed for verdict in verdicts):
            self._windows.take_back([key for key, _ in asked], now)
        return verdicts

    async def close(self) -> None:
        """Give the connections back."""
        await self._connection.close()

    def _by_itself(self, own: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
        return tuple(verdict.model_copy(update={"is_local": True}) for verdict in own)


def _arguments(limits: tuple[RateLimit, ...]) -> list[str | int]:
    arguments: list[str | int] = [uuid4().hex]
    for limit in limits:
        arguments += [limit.requests, round(limit.window_seconds * _MICROSECONDS)]
    return arguments


def _verdict(limit: RateLimit, refused: int, held: int, wait: int, reset: int) -> Verdict:
    return Verdict(
        allowed=not refused,
        limit=limit.requests,
        remaining=max(0, limit.requests - held),
        reset_seconds=reset / _MICROSECONDS,
        retry_after_seconds=wait / _MICROSECONDS,
    )
