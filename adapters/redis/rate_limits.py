"""Rate limits as exact sliding windows, counted in one Redis for all processes, and by each for itself without it."""

import time
from uuid import uuid4

from adapters.redis.connection import RedisConnection
from adapters.redis.windows import Windows
from schemas.ids import text_sha256
from schemas.limits import RateLimit, Verdict

# KEYS: the caller's log. ARGV: the request's name, the requests of the limit, and its window in microseconds. Answers
# whether it refuses, how many the log holds, and the microseconds until the next is let through and until it is empty.
# Redis's clock is everybody's clock. To add is the first thing that is written, because a Redis without memory looks at
# the first only.
_ADMIT = """
local clock, log, requests, window = redis.call('TIME'), KEYS[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local now = clock[1] * 1000000 + clock[2]
local after = string.format('(%.0f', now - window)
local held = redis.call('ZCOUNT', log, after, '+inf')
local refuses = held >= requests
if not refuses then
  redis.call('ZADD', log, string.format('%.0f', now), ARGV[1])
  redis.call('ZREMRANGEBYSCORE', log, '-inf', string.sub(after, 2))
  redis.call('PEXPIRE', log, math.ceil(window / 1000))
  held = held + 1
end
local function left(rank)
  local found = redis.call('ZRANGEBYSCORE', log, after, '+inf', 'WITHSCORES', 'LIMIT', rank, 1)
  return found[2] and found[2] + window - now or 0
end
return {refuses and 1 or 0, held, held >= requests and left(held - requests) or 0, left(held - 1)}
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

    async def admit(self, caller: str, limit: RateLimit) -> Verdict:
        """Let the request through and count it, or refuse it and do not.

        A limit may change between two requests; what was counted under its name still counts.
        """
        # Hashed, since a caller may be an address of the network or whatever else somebody sent.
        key, now = f"limit:{limit.name}:{text_sha256(caller)}", time.monotonic()
        own = self._windows.admit(key, limit, now)
        if not own.allowed:
            return own
        arguments = (uuid4().hex, limit.requests, round(limit.window_seconds * _MICROSECONDS))
        told = await self._connection.run(_ADMIT, [key], arguments)
        self._is_refused = told is None and not self._connection.is_away
        if told is None:
            return own
        verdict = _verdict(limit, *told)
        if not verdict.allowed:
            self._windows.take_back(key, now)
        return verdict

    async def close(self) -> None:
        """Give the connections back."""
        await self._connection.close()


def _verdict(limit: RateLimit, refused: int, held: int, wait: int, reset: int) -> Verdict:
    return Verdict(
        allowed=not refused,
        limit=limit.requests,
        remaining=max(0, limit.requests - held),
        reset_seconds=reset / _MICROSECONDS,
        retry_after_seconds=wait / _MICROSECONDS,
    )
