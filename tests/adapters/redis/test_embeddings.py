"""The cache remembers vectors, forgets at will, and never stands in the way."""

import asyncio
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from adapters.redis.embeddings import RedisEmbeddingCache
from tests.conftest import Servers

pytestmark = pytest.mark.servers
VECTOR = (0.25, -0.5, 1.0)  # exact in four bytes


async def test_what_is_put_is_found_by_model_and_text(servers: Servers) -> None:
    cache, model = RedisEmbeddingCache(servers.redis_url), str(uuid4())
    await cache.put(model, {"ice": VECTOR})
    assert await cache.get(model, ["snow", "ice"]) == [None, VECTOR]
    assert await cache.get("another", ["ice"]) == [None]
    await cache.close()


async def test_a_vector_has_no_expiry_and_its_key_does_not_tell_the_text(servers: Servers) -> None:
    cache, model = RedisEmbeddingCache(servers.redis_url), str(uuid4())
    await cache.put(model, {"a secret": VECTOR})
    redis = Redis.from_url(servers.redis_url)
    keys = [key async for key in redis.scan_iter(f"embedding:{model}:*")]
    assert len(keys) == 1
    assert b"secret" not in keys[0]
    assert await redis.ttl(keys[0]) == -1
    await redis.aclose()
    await cache.close()


@pytest.mark.parametrize("url", ["", "unix:///nowhere/redis.sock", "redis://127.0.0.1:1"])
async def test_without_a_server_nothing_is_remembered_and_nobody_waits(url: str) -> None:
    cache = RedisEmbeddingCache(url)
    async with asyncio.timeout(3):
        await cache.put("model", {"ice": VECTOR})
        assert await cache.get("model", ["ice"]) == [None]
    await cache.close()


async def test_a_full_server_that_refuses_writes_is_as_good_as_none(servers: Servers) -> None:
    redis = Redis.from_url(servers.redis_url)
    before = dict(await redis.config_get("maxmemory*"))
    await redis.config_set("maxmemory-policy", "noeviction")
    await redis.config_set("maxmemory", 1)
    try:
        cache, model = RedisEmbeddingCache(servers.redis_url), str(uuid4())
        await cache.put(model, {"ice": VECTOR})
        assert await cache.get(model, ["ice"]) == [None]
        await cache.close()
    finally:
        for name in ("maxmemory", "maxmemory-policy"):
            await redis.config_set(name, str(before[name]))
        await redis.aclose()


async def test_the_embedded_server_evicts_by_least_use(servers: Servers) -> None:
    redis = Redis.from_url(servers.redis_url, decode_responses=True)
    assert (await redis.config_get("maxmemory-policy"))["maxmemory-policy"] == "allkeys-lfu"
    await redis.aclose()


async def test_a_vector_that_is_damaged_is_not_believed(servers: Servers) -> None:
    cache, model = RedisEmbeddingCache(servers.redis_url), str(uuid4())
    await cache.put(model, {"ice": VECTOR})
    redis = Redis.from_url(servers.redis_url)
    async for key in redis.scan_iter(f"embedding:{model}:*"):
        await redis.set(key, b"odd")
    assert await cache.get(model, ["ice"]) == [None]
    await redis.aclose()
    await cache.close()
