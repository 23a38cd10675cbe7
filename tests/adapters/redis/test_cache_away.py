"""Redis killed, frozen or full: everything is slower, nothing is wrong, and nobody who asks hears of it."""

import asyncio
import time

import pytest
from redis.asyncio import Redis

from adapters.redis.cache import Cache
from adapters.redis.keys import CacheKey
from tests.adapters.embedded.running import state_of, until
from tests.adapters.redis.hurting import Victim, until_answers
from tests.adapters.redis.truth import Truth, new_key

pytestmark = pytest.mark.servers

AGAIN_SECONDS = 0.5  # after its return Redis hears what it missed


async def _until_fresh(reader: Cache, truth: Truth, key: CacheKey) -> float:
    """Seconds until the reader is given the truth."""
    began = time.monotonic()
    while await reader.get(key, truth.load) != truth.fact:
        await asyncio.sleep(0.005)
    return time.monotonic() - began


async def test_it_may_be_killed_in_the_midst_of_traffic(cache: Cache, cache_server: Victim) -> None:
    keys, pid = [new_key() for _ in range(20)], state_of(cache_server.stack, "redis").pid
    slowest, ended = 0.0, time.monotonic() + 2
    killed = asyncio.get_running_loop().call_later(0.3, cache_server.kill)

    async def reader(number: int) -> None:
        nonlocal slowest
        while (began := time.monotonic()) < ended:
            fact = f"fact {number}".encode()
            assert await cache.get(keys[number], Truth(fact).load) == fact
            slowest = max(slowest, time.monotonic() - began)
            await asyncio.sleep(0.002)

    await asyncio.gather(*(reader(number) for number in range(20)))
    assert killed.when() < ended
    await until_answers(cache_server, pid)
    assert slowest < 0.6
    await until(lambda: not cache.is_away)
    before = cache.counts["video"].hits
    for _ in range(2):  # the connections of before are dead, and that is nobody's trouble either
        await asyncio.gather(*(cache.get(key, Truth().load) for key in keys))
    assert cache.counts["video"].hits >= before + 20
    assert not cache.is_away


async def test_a_frozen_one_costs_half_a_second_once(cache: Cache, cache_server: Victim) -> None:
    truth, key = Truth(), new_key()
    await cache.get(key, truth.load)
    with cache_server.frozen():
        began = time.monotonic()
        assert set(await asyncio.gather(*(cache.get(key, truth.load) for _ in range(100)))) == {b"first"}
        assert time.monotonic() - began < 0.8
        assert cache.is_away
        for _ in range(20):
            began = time.monotonic()
            assert await cache.get(key, truth.load) == b"first"
            assert time.monotonic() - began < 0.05
            await asyncio.sleep(0.05)
    await until(lambda: not cache.is_away, seconds=1)
    await cache.get(key, truth.load)
    reads = truth.reads
    assert await cache.get(key, truth.load) == b"first"
    assert truth.reads == reads


@pytest.mark.parametrize("by_tag", [False, True])
async def test_a_change_that_it_missed_is_seen_by_all_half_a_second_after_its_return(
    cache: Cache, other: Cache, cache_server: Victim, by_tag: bool
) -> None:
    truth, key = Truth(), new_key("course")
    await other.get(key, truth.load)
    await cache.get(key, truth.load)
    with cache_server.frozen():
        truth.fact = b"second"
        await (cache.invalidate_tag(key.creator_id, "course") if by_tag else cache.invalidate(key))
        assert await cache.get(key, truth.load) == b"second"
        await asyncio.sleep(1)
    assert await cache.get(key, truth.load) == b"second"
    assert await _until_fresh(other, truth, key) < AGAIN_SECONDS  # it asked nothing while Redis was away
    await until(lambda: not cache.is_away, seconds=1)
    assert [await reader.get(key, truth.load) for reader in (cache, other)] == [b"second"] * 2


async def test_a_load_that_is_stored_late_is_not_believed(cache: Cache, other: Cache, cache_server: Victim) -> None:
    truth, key = Truth(seconds=0.2), new_key()
    early = asyncio.create_task(cache.get(key, truth.load))
    await until(lambda: truth.reads == 1)
    with cache_server.frozen():
        assert await early == b"first"  # what it stored lies in the socket, and is taken from there on the return
        truth.fact, truth.seconds = b"second", 0
        await cache.invalidate(key)
        assert await cache.get(key, truth.load) == b"second"
    assert await _until_fresh(other, truth, key) < AGAIN_SECONDS
    await until(lambda: not cache.is_away, seconds=1)
    assert [await reader.get(key, truth.load) for reader in (cache, other)] == [b"second"] * 2


async def test_who_missed_it_does_not_believe_it_though_the_one_who_changed_something_is_dead(
    cache: Cache, other: Cache, cache_server: Victim
) -> None:
    truth, key = Truth(), new_key()
    await other.get(key, truth.load)
    with cache_server.frozen():
        truth.fact = b"second"
        await cache.invalidate(key)
        await cache.close()  # as a kill would: it says nothing more
        assert await other.get(key, truth.load) == b"second"
        await asyncio.sleep(1)
    for _ in range(100):
        assert await other.get(key, truth.load) == b"second"
        await asyncio.sleep(0.01)
    assert not other.is_away


async def test_one_answer_that_came_late_does_not_empty_the_cache(cache: Cache, cache_server: Victim) -> None:
    truth, key = Truth(), new_key()
    await cache.get(key, truth.load)
    cache._connection.suspend("a hiccup of this process")
    await until(lambda: not cache.is_away, seconds=1)
    assert await cache.get(key, truth.load) == b"first"
    assert truth.reads == 1


async def test_one_that_refuses_to_forget_is_not_believed_until_it_does(
    cache: Cache, other: Cache, cache_server: Victim
) -> None:
    truth, key = Truth(), new_key()
    await other.get(key, truth.load)
    async with Redis.from_url(cache_server.url) as redis:
        await redis.slaveof("127.0.0.1", 1)  # it goes on answering, and takes no writes
        truth.fact = b"second"
        await cache.invalidate(key)
        await asyncio.sleep(0.3)
        assert await cache.get(key, truth.load) == b"second"
        await redis.slaveof()
    assert await _until_fresh(other, truth, key) < AGAIN_SECONDS
    await until(lambda: not cache.is_away, seconds=1)


@pytest.mark.parametrize("by_tag", [False, True])
async def test_while_it_is_away_nobody_joins_a_load_that_began_before_a_change(
    cache: Cache, cache_server: Victim, by_tag: bool
) -> None:
    truth, key = Truth(seconds=0.2), new_key("course")
    with cache_server.frozen():
        await cache.invalidate(new_key())  # from now on it is known to be away
        early = asyncio.create_task(cache.get(key, truth.load))
        await until(lambda: truth.reads == 1)
        truth.fact = b"second"
        await (cache.invalidate_tag(key.creator_id, "course") if by_tag else cache.invalidate(key))
        assert await cache.get(key, truth.load) == b"second"
        assert await early == b"first"
    await until(lambda: not cache.is_away, seconds=1)


@pytest.mark.parametrize("by_tag", [False, True])
async def test_a_full_one_answers_what_it_has_and_forgets_what_changed(
    cache: Cache, other: Cache, cache_server: Victim, by_tag: bool
) -> None:
    old, new, truth = new_key("course"), new_key(), Truth()
    await cache.get(old, truth.load)
    async with cache_server.full():
        assert await cache.get(old, truth.load) == b"first"
        assert truth.reads == 1
        assert [await cache.get(new, truth.load) for _ in range(2)] == [b"first"] * 2
        assert await cache.get(old, truth.load) == b"first"
        assert truth.reads == 3  # a refusal is no absence: what it has, it gives
        truth.fact = b"second"
        await (cache.invalidate_tag(old.creator_id, "course") if by_tag else cache.invalidate(old))
        assert [await reader.get(old, truth.load) for reader in (cache, other)] == [b"second"] * 2
        assert not cache.is_away
    reads = truth.reads
    assert [await cache.get(new, truth.load) for _ in range(2)] == [b"second"] * 2
    assert truth.reads == reads + 1


async def test_where_there_is_no_server_nobody_waits() -> None:
    truth, key = Truth(), new_key()
    for url in ("unix:///nowhere/redis.sock", "redis://127.0.0.1:1"):
        cache = Cache(url)
        began = time.monotonic()
        for _ in range(50):
            assert await cache.get(key, truth.load) == b"first"
        await cache.invalidate(key)
        assert time.monotonic() - began < 1
        assert cache.is_away
        await cache.close()
