"""A value is loaded once, kept no longer than its policy says, and never handed out after it was made invalid."""

import asyncio
import time
from uuid import uuid4

import pytest
from pydantic import TypeAdapter
from redis.asyncio import Redis

from adapters.redis.cache import Cache
from adapters.redis.keys import POLICIES, VIDEO, CacheKey, CachePolicy, tag_version
from schemas.errors import DatabaseUnavailable
from schemas.limits import RateLimit
from tests.adapters.embedded.running import until
from tests.adapters.redis.hurting import Victim
from tests.adapters.redis.truth import Truth, new_key

pytestmark = pytest.mark.servers


async def test_what_was_loaded_is_remembered_and_counted(cache: Cache, other: Cache) -> None:
    truth, key = Truth(), new_key()
    assert await cache.get(key, truth.load) == b"first"
    assert await cache.get(key, truth.load) == b"first"
    assert await other.get(key, truth.load) == b"first"
    assert truth.reads == 1
    count = cache.counts["video"]
    assert (count.hits, count.misses, count.loads) == (1, 1, 1)
    assert (other.counts["video"].hits, other.counts["video"].misses) == (1, 0)


async def test_a_model_comes_back_as_it_was(cache: Cache) -> None:
    key, kind, reads = new_key(), TypeAdapter(RateLimit | None), []

    async def load() -> RateLimit | None:
        reads.append(1)
        return RateLimit(name="chat", requests=20, window_seconds=60)

    found = [await cache.get_model(key, kind, load) for _ in range(2)]
    assert found == [RateLimit(name="chat", requests=20, window_seconds=60)] * 2
    assert len(reads) == 1


async def test_that_there_is_nothing_is_remembered_too(cache: Cache) -> None:
    key, kind, reads = new_key(), TypeAdapter(RateLimit | None), []

    async def load() -> None:
        reads.append(1)

    assert [await cache.get_model(key, kind, load) for _ in range(2)] == [None, None]
    assert len(reads) == 1


async def test_what_another_version_stored_in_another_shape_is_loaded_again(cache: Cache) -> None:
    key = new_key()
    await cache.get(key, Truth(b'{"shape": "old"}').load)

    async def load() -> int:
        return 42

    assert await cache.get_model(key, TypeAdapter(int), load) == 42
    assert await cache.get_model(key, TypeAdapter(int), load) == 42


async def test_two_creators_have_two_values_under_one_name(cache: Cache) -> None:
    mine, theirs = new_key(), new_key()
    await cache.get(mine, Truth(b"mine").load)
    assert await cache.get(theirs, Truth(b"theirs").load) == b"theirs"
    assert await cache.get(mine, Truth(b"other").load) == b"mine"


@pytest.mark.parametrize(
    ("name", "seconds"), [("chat-context", 600), ("membership", 300), ("video", 3_600), ("creator-settings", 1_800)]
)
async def test_a_value_lives_a_little_less_than_its_policy_says(
    cache: Cache, cache_server: Victim, name: str, seconds: float
) -> None:
    keys = [new_key(policy=POLICIES[name]) for _ in range(20)]
    for key in keys:
        await cache.get(key, Truth().load)
    async with Redis.from_url(cache_server.url) as redis:
        lives = [await redis.pttl(key.value) / 1_000 for key in keys]
    assert all(0.9 * seconds - 1 < life <= seconds for life in lives)
    assert max(lives) - min(lives) > 0.01 * seconds  # what was stored together does not expire together


async def test_a_hundred_askers_in_each_of_two_processes_wait_for_one_load(cache: Cache, other: Cache) -> None:
    truth, key = Truth(seconds=0.3), new_key()
    asked = [reader.get(key, truth.load) for reader in (cache, other) for _ in range(100)]
    assert set(await asyncio.gather(*asked)) == {b"first"}
    assert truth.reads == 1
    assert cache.counts["video"].misses + other.counts["video"].misses == 200


async def test_an_asker_that_goes_away_takes_nothing_from_the_others(cache: Cache) -> None:
    truth, key = Truth(seconds=0.2), new_key()
    first, second = (asyncio.create_task(cache.get(key, truth.load)) for _ in range(2))
    await asyncio.sleep(0.1)
    first.cancel()
    assert await second == b"first"
    assert truth.reads == 1


async def test_a_failed_load_is_heard_by_all_who_waited_and_kept_from_nobody_else(cache: Cache, other: Cache) -> None:
    truth, key = Truth(seconds=0.1), new_key()
    truth.failure = DatabaseUnavailable("PostgreSQL is away.")
    heard = await asyncio.gather(*(cache.get(key, truth.load) for _ in range(10)), return_exceptions=True)
    assert {type(error) for error in heard} == {DatabaseUnavailable}
    assert truth.reads == 1
    truth.failure, began = None, time.monotonic()
    assert await other.get(key, truth.load) == b"first"
    assert time.monotonic() - began < 1  # nobody waits for who has failed


async def test_a_loader_that_died_is_not_waited_for_long(cache: Cache, cache_server: Victim) -> None:
    truth, key = Truth(), new_key()
    async with Redis.from_url(cache_server.url) as redis:
        await redis.set(key.lock, "a process that was killed", px=60_000)
    async with asyncio.timeout(3):
        assert await cache.get(key, truth.load) == b"first"
    assert await cache.get(key, truth.load) == b"first"
    assert truth.reads == 1


async def test_an_invalid_key_is_loaded_again_by_everybody(cache: Cache, other: Cache) -> None:
    truth, key = Truth(), new_key()
    await other.get(key, truth.load)
    truth.fact = b"second"
    await cache.invalidate(key)
    assert await other.get(key, truth.load) == b"second"
    assert await cache.get(key, truth.load) == b"second"


@pytest.mark.parametrize("by_tag", [False, True])
async def test_what_is_loaded_while_it_changes_is_not_kept(cache: Cache, other: Cache, by_tag: bool) -> None:
    truth, key = Truth(seconds=0.2), new_key("course")
    early = asyncio.create_task(other.get(key, truth.load))
    await until(lambda: truth.reads == 1)
    truth.fact = b"second"
    await (cache.invalidate_tag(key.creator_id, "course") if by_tag else cache.invalidate(key))
    # One joins the load that began too early, one asks the other process: neither may get what that one read.
    late = await asyncio.gather(other.get(key, truth.load), cache.get(key, truth.load))
    assert set(late) == {b"second"}
    assert await early == b"first"  # it asked before the change
    assert await other.get(key, truth.load) == b"second"


async def test_a_tag_makes_all_that_bears_it_invalid_and_nothing_else(cache: Cache, other: Cache) -> None:
    creator, truth = uuid4(), Truth()
    tagged = [CacheKey(VIDEO, creator, name, ("course", name)) for name in ("ice", "sea")]
    untagged = CacheKey(VIDEO, creator, "sand", ("shore",))
    foreign = CacheKey(VIDEO, uuid4(), "ice", ("course",))
    keys = [*tagged, untagged, foreign]
    for key in keys:
        await cache.get(key, truth.load)
    truth.fact = b"second"
    await other.invalidate_tag(creator, "course")
    assert [await cache.get(key, truth.load) for key in keys] == [b"second", b"second", b"first", b"first"]


async def test_a_tag_that_was_evicted_makes_nothing_valid_again(cache: Cache, cache_server: Victim) -> None:
    creator, truth = uuid4(), Truth()
    old, neighbour = (CacheKey(VIDEO, creator, name, ("course",)) for name in ("ice", "sea"))
    await cache.get(old, truth.load)
    async with Redis.from_url(cache_server.url) as redis:
        blob, tag = await redis.get(old.value), tag_version(creator, "course")
        for _ in range(3):  # an invalidation each, and each time the tag is evicted and made anew
            await cache.invalidate_tag(creator, "course")
            await redis.delete(tag)
            await cache.get(neighbour, truth.load)
            assert await redis.exists(tag)
            assert await redis.get(old.value) == blob  # it is still there: only the tag keeps it from being believed
        truth.fact = b"second"
        assert await cache.get(old, truth.load) == b"second"


async def test_a_value_that_lost_its_tag_to_eviction_is_loaded_again(cache: Cache, cache_server: Victim) -> None:
    truth, key = Truth(), new_key("course")
    await cache.get(key, truth.load)
    async with Redis.from_url(cache_server.url) as redis:
        await redis.delete(tag_version(key.creator_id, "course"))
    truth.fact = b"second"
    assert await cache.get(key, truth.load) == b"second"


async def test_an_old_value_is_handed_out_while_it_is_renewed_but_not_beyond_its_life(cache: Cache) -> None:
    truth, key = Truth(), new_key(policy=CachePolicy("brief", 1.0))
    await cache.get(key, truth.load)
    await asyncio.sleep(0.82)  # between 80 % of the longest life and the end of the shortest
    truth.fact, truth.seconds, began = b"second", 0.03, time.monotonic()
    assert [await cache.get(key, truth.load) for _ in range(5)] == [b"first"] * 5
    assert time.monotonic() - began < 0.03  # nobody waited for the renewal
    await asyncio.sleep(0.2)
    assert await cache.get(key, truth.load) == b"second"
    assert truth.reads == 2
    await asyncio.sleep(1.0)
    truth.fact = b"third"
    assert await cache.get(key, truth.load) == b"third"


async def test_a_renewal_that_fails_is_no_readers_trouble(cache: Cache) -> None:
    truth, key = Truth(), new_key(policy=CachePolicy("brief", 1.0))
    await cache.get(key, truth.load)
    await asyncio.sleep(0.82)
    truth.failure = DatabaseUnavailable("PostgreSQL is away.")
    assert await cache.get(key, truth.load) == b"first"
    await until(lambda: truth.reads == 2)
    truth.failure = None
    assert await cache.get(key, truth.load) == b"first"
    await until(lambda: truth.reads == 3)  # the next reader has it renewed


async def test_without_an_address_everything_is_loaded_once_at_a_time() -> None:
    cache, truth, key = Cache(""), Truth(seconds=0.05), new_key("course")
    assert set(await asyncio.gather(*(cache.get(key, truth.load) for _ in range(100)))) == {b"first"}
    assert truth.reads == 1
    await cache.invalidate(key)
    await cache.invalidate_tag(key.creator_id, "course")
    assert await cache.get(key, truth.load) == b"first"
    assert cache.is_away
    await cache.close()
