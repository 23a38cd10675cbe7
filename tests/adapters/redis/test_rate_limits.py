"""A limit lets through exactly what it says in any window, for all processes together."""

import asyncio
import time
from uuid import uuid4

import pytest

from adapters.redis.rate_limits import RateLimiter
from schemas.limits import DEFAULT_LIMITS, RateLimit
from tests.adapters.redis.hurting import Victim

pytestmark = pytest.mark.servers

CHAT = DEFAULT_LIMITS["chat"]


@pytest.mark.parametrize(
    ("name", "requests", "seconds"),
    [("chat", 20, 60), ("upload", 10, 3_600), ("quiz", 5, 3_600), ("auth", 5, 300), ("api", 100, 60)],
)
async def test_each_limit_lets_through_what_it_says_and_refuses_the_next(
    limiter: RateLimiter, other_limiter: RateLimiter, name: str, requests: int, seconds: float
) -> None:
    limit, caller, began = DEFAULT_LIMITS[name], str(uuid4()), time.monotonic()
    for used in range(1, requests + 1):
        verdict = await limiter.admit(caller, limit)
        assert (verdict.allowed, verdict.limit, verdict.remaining) == (True, requests, requests - used)
        assert seconds - 0.001 < verdict.reset_seconds <= seconds
        assert (verdict.retry_after_seconds == 0) == (used < requests)
    for process in (limiter, other_limiter):
        verdict = await process.admit(caller, limit)
        passed = time.monotonic() - began
        assert (verdict.allowed, verdict.limit, verdict.remaining) == (False, requests, 0)
        assert seconds - passed - 0.01 < verdict.retry_after_seconds <= verdict.reset_seconds <= seconds
    assert not limiter.is_degraded


async def test_the_window_slides_exactly(limiter: RateLimiter, other_limiter: RateLimiter) -> None:
    limit, caller = RateLimit(name="slide", requests=5, window_seconds=0.6), str(uuid4())

    async def let_through(process: RateLimiter, tries: int) -> int:
        return sum([(await process.admit(caller, limit)).allowed for _ in range(tries)])

    assert await let_through(limiter, 3) == 3
    await asyncio.sleep(0.3)
    assert await let_through(other_limiter, 4) == 2
    refused = await other_limiter.admit(caller, limit)
    assert 0.2 < refused.retry_after_seconds < 0.3  # the first three leave 0.6 s after they came
    await asyncio.sleep(refused.retry_after_seconds - 0.02)
    assert await let_through(other_limiter, 1) == 0
    await asyncio.sleep(0.03)
    assert await let_through(other_limiter, 5) == 3  # and no window begins with them: the other two still count


async def test_no_window_anywhere_holds_more_than_the_limit(limiter: RateLimiter, other_limiter: RateLimiter) -> None:
    limit, caller = RateLimit(name="dense", requests=20, window_seconds=0.4), str(uuid4())
    admitted: list[tuple[float, float]] = []
    end = time.monotonic() + 2

    async def ask(process: RateLimiter) -> None:
        while (before := time.monotonic()) < end:
            if (await process.admit(caller, limit)).allowed:
                admitted.append((before, time.monotonic()))
            await asyncio.sleep(0.005)

    await asyncio.gather(ask(limiter), ask(limiter), ask(other_limiter))
    assert len(admitted) >= 4 * 20  # nearly 500 asked in five windows
    admitted.sort(key=lambda times: times[1])
    for first, later in zip(admitted, admitted[20:], strict=False):
        assert later[1] - first[0] > limit.window_seconds


async def test_two_processes_share_one_count_however_many_ask_at_once(
    limiter: RateLimiter, other_limiter: RateLimiter
) -> None:
    caller = str(uuid4())
    asked = [process.admit(caller, CHAT) for process in (limiter, other_limiter) for _ in range(50)]
    assert sum([verdict.allowed for verdict in await asyncio.gather(*asked)]) == 20


async def test_what_another_process_refused_is_not_counted_here(
    limiter: RateLimiter, other_limiter: RateLimiter
) -> None:
    limit, caller = RateLimit(name="brief", requests=3, window_seconds=0.3), str(uuid4())
    for _ in range(3):
        await limiter.admit(caller, limit)
    await asyncio.sleep(0.2)
    for _ in range(5):
        assert not (await other_limiter.admit(caller, limit)).allowed
    await asyncio.sleep(0.11)
    assert sum([(await other_limiter.admit(caller, limit)).allowed for _ in range(5)]) == 3


async def test_callers_and_limits_do_not_share_and_a_key_does_not_tell_the_caller(
    limiter: RateLimiter, limits_server: Victim
) -> None:
    one, caller = RateLimit(name=str(uuid4()), requests=1, window_seconds=60), "198.51.100.7"
    assert (await limiter.admit(caller, one)).allowed
    assert not (await limiter.admit(caller, one)).allowed
    assert (await limiter.admit("198.51.100.8", one)).allowed
    assert (await limiter.admit(caller, one.model_copy(update={"name": str(uuid4())}))).allowed
    keys = await limits_server.keys(f"limit:{one.name}:*")
    assert len(keys) == 2
    assert not any("198.51" in key for key in keys)


async def test_a_limit_may_change_at_run_time(limiter: RateLimiter, other_limiter: RateLimiter) -> None:
    caller = str(uuid4())
    limits = {n: RateLimit(name="changing", requests=n, window_seconds=60) for n in (4, 2, 6)}
    for _ in range(4):
        await limiter.admit(caller, limits[4])
        await asyncio.sleep(0.02)
    for process in (limiter, other_limiter):
        lowered = await process.admit(caller, limits[2])
        assert (lowered.allowed, lowered.remaining) == (False, 0)
        assert 0.01 < lowered.reset_seconds - lowered.retry_after_seconds < 0.03  # all but the last must have left
        raised = await process.admit(caller, limits[6])
        assert raised.allowed
    assert raised.remaining == 0


async def test_a_log_is_kept_no_longer_than_its_window(limiter: RateLimiter, limits_server: Victim) -> None:
    limit = RateLimit(name=str(uuid4()), requests=5, window_seconds=0.1)
    await limiter.admit("somebody", limit)
    assert len(await limits_server.keys(f"limit:{limit.name}:*")) == 1
    await asyncio.sleep(0.2)
    assert await limits_server.keys(f"limit:{limit.name}:*") == []
