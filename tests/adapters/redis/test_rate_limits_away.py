"""The limits' Redis killed, frozen or full: each process limits by itself, says so, and comes back by itself."""

import asyncio
import time
from uuid import uuid4

import pytest

from adapters.redis.rate_limits import RateLimiter
from schemas.limits import DEFAULT_LIMITS, RateLimit, Verdict
from tests.adapters.embedded.running import state_of, until
from tests.adapters.redis.hurting import Victim, until_answers

pytestmark = pytest.mark.servers

CHAT, AUTH = DEFAULT_LIMITS["chat"], DEFAULT_LIMITS["auth"]


async def _admit(limiter: RateLimiter, caller: str, times: int) -> list[Verdict]:
    return [await limiter.admit(caller, CHAT) for _ in range(times)]


async def test_killed_in_the_midst_of_traffic_it_lets_through_not_one_more(
    limiter: RateLimiter, limits_server: Victim
) -> None:
    pid, caller = state_of(limits_server.stack, "redis-limits").pid, str(uuid4())
    assert sum([verdict.allowed for verdict in await _admit(limiter, caller, 8)]) == 8
    limits_server.kill()
    away = await _admit(limiter, caller, 6)
    assert [verdict.remaining for verdict in away] == [11, 10, 9, 8, 7, 6]
    assert limiter.is_degraded
    await until_answers(limits_server, pid)
    await until(lambda: not limiter.is_degraded, seconds=2)
    back = await _admit(limiter, caller, 10)  # it came back with nothing; what this process let through still counts
    assert sum([verdict.allowed for verdict in back]) == 6
    assert not limiter.is_degraded
    assert sum([verdict.allowed for verdict in await _admit(limiter, str(uuid4()), 21)]) == 20


async def test_frozen_it_costs_half_a_second_once(limiter: RateLimiter, limits_server: Victim) -> None:
    await _admit(limiter, str(uuid4()), 1)
    caller = str(uuid4())
    with limits_server.frozen():
        began = time.monotonic()
        verdicts = await asyncio.gather(*(limiter.admit(caller, CHAT) for _ in range(100)))
        assert time.monotonic() - began < 0.8
        assert sum([verdict.allowed for verdict in verdicts]) == 20
        for _ in range(10):
            began = time.monotonic()
            verdict = await limiter.admit(caller, CHAT)
            assert time.monotonic() - began < 0.05
            assert (verdict.allowed, verdict.remaining) == (False, 0)
            assert 58 < verdict.retry_after_seconds <= verdict.reset_seconds <= 60
            await asyncio.sleep(0.05)
        assert limiter.is_degraded
    await until(lambda: not limiter.is_degraded, seconds=1)


async def test_without_it_two_processes_let_through_twice_the_limit_and_never_more(
    limiter: RateLimiter, other_limiter: RateLimiter, limits_server: Victim
) -> None:
    caller = str(uuid4())
    with limits_server.frozen():
        asked = [process.admit(caller, CHAT) for process in (limiter, other_limiter) for _ in range(60)]
        assert sum([verdict.allowed for verdict in await asyncio.gather(*asked)]) == 40


async def test_a_full_one_is_as_good_as_none_until_it_has_room(limiter: RateLimiter, limits_server: Victim) -> None:
    caller = str(uuid4())
    async with limits_server.full():
        full = await _admit(limiter, caller, 25)
        assert [verdict.allowed for verdict in full] == [True] * 20 + [False] * 5
        assert limiter.is_degraded
    await _admit(limiter, str(uuid4()), 1)
    assert not limiter.is_degraded


@pytest.mark.parametrize("url", ["", "unix:///nowhere/redis.sock", "redis://127.0.0.1:1"])
async def test_where_it_never_was_people_log_in_and_nobody_without_end(url: str) -> None:
    limiter, began = RateLimiter(url), time.monotonic()
    for caller in (str(uuid4()), str(uuid4())):
        verdicts = [await limiter.admit(caller, AUTH) for _ in range(8)]
        assert [verdict.allowed for verdict in verdicts] == [True] * 5 + [False] * 3
    assert time.monotonic() - began < 1
    assert limiter.is_degraded
    await limiter.close()


async def test_by_itself_it_slides_exactly_too() -> None:
    limiter, limit = RateLimiter(""), RateLimit(name="slide", requests=5, window_seconds=0.4)

    async def let_through(tries: int) -> int:
        return sum([(await limiter.admit("somebody", limit)).allowed for _ in range(tries)])

    assert await let_through(3) == 3
    await asyncio.sleep(0.2)
    assert await let_through(4) == 2
    refused = await limiter.admit("somebody", limit)
    await asyncio.sleep(refused.retry_after_seconds - 0.02)
    assert await let_through(1) == 0
    await asyncio.sleep(0.025)
    assert await let_through(5) == 3
