"""The cache remembers vectors, forgets at will, and never stands in the way."""

import asyncio
import time
from array import array
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from adapters.redis.embeddings import RedisEmbeddingCache
from tests.adapters.embedded.running import until
from tests.adapters.redis.hurting import Victim

pytestmark = pytest.mark.servers
VECTOR = array("f", [0.25, -0.5, 1.0])  # exact in four bytes


async def test_what_is_put_is_found_by_model_and_text_and_counted(cache_server: Victim) -> None:
    cache, model = RedisEmbeddingCache(cache_server.url), str(uuid4())
    await cache.put(model, {"ice": VECTOR})
    assert await cache.get(model, ["snow", "ice"]) == [None, VECTOR]
    assert await cache.get("another", ["ice"]) == [None]
    assert (cache.hits, cache.misses) == (1, 2)
    await cache.close()


async def test_a_vector_has_no_expiry_and_its_key_does_not_tell_the_text(cache_server: Victim) -> None:
    cache, model = RedisEmbeddingCache(cache_server.url), str(uuid4())
    await cache.put(model, {"a secret": VECTOR})
    async with Redis.from_url(cache_server.url) as redis:
        keys = [key async for key in redis.scan_iter(f"embedding:{model}:*")]
        assert len(keys) == 1
        assert b"secret" not in keys[0]
        assert await redis.ttl(keys[0]) == -1
    await cache.close()


@pytest.mark.parametrize("url", ["", "unix:///nowhere/redis.sock", "redis://127.0.0.1:1"])
async def test_without_a_server_nothing_is_remembered_and_nobody_waits(url: str) -> None:
    cache, began = RedisEmbeddingCache(url), time.monotonic()
    for _ in range(50):
        await cache.put("model", {"ice": VECTOR})
        assert await cache.get("model", ["ice"]) == [None]
    assert time.monotonic() - began < 1
    await cache.close()


async def test_a_frozen_server_costs_half_a_second_once(cache_server: Victim) -> None:
    cache, model = RedisEmbeddingCache(cache_server.url), str(uuid4())
    await cache.put(model, {"ice": VECTOR})
    with cache_server.frozen():
        began = time.monotonic()
        for _ in range(20):
            assert await cache.get(model, ["ice"]) == [None]
            await asyncio.sleep(0.01)
        assert time.monotonic() - began < 0.9
    await until(lambda: not cache._connection.is_away, seconds=1)
    assert await cache.get(model, ["ice"]) == [VECTOR]
    await cache.close()


async def test_a_full_server_that_refuses_writes_is_as_good_as_none(cache_server: Victim) -> None:
    cache, model = RedisEmbeddingCache(cache_server.url), str(uuid4())
    async with cache_server.full():
        await cache.put(model, {"ice": VECTOR})
        assert await cache.get(model, ["ice"]) == [None]
    await cache.close()


async def test_the_embedded_server_evicts_by_least_use(cache_server: Victim) -> None:
    async with Redis.from_url(cache_server.url, decode_responses=True) as redis:
        assert (await redis.config_get("maxmemory-policy"))["maxmemory-policy"] == "allkeys-lfu"


async def test_a_vector_that_is_damaged_is_not_believed(cache_server: Victim) -> None:
    cache, model = RedisEmbeddingCache(cache_server.url), str(uuid4())
    await cache.put(model, {"ice": VECTOR})
    async with Redis.from_url(cache_server.url) as redis:
        async for key in redis.scan_iter(f"embedding:{model}:*"):
            await redis.set(key, b"odd")
    assert await cache.get(model, ["ice"]) == [None]
    await cache.close()
