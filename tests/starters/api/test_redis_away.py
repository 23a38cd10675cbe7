"""Either Redis away in mid-traffic: answered all the same, never unlimited, and said so."""

import re
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.adapters.redis.hurting import Victim, two_servers
from tests.conftest import Servers
from tests.databases import FreshDatabase
from tests.starters.api.gateway import Gateway, gateway_settings, running_gateway
from tests.starters.api.lectures import completed

pytestmark = pytest.mark.servers


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def redis(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, Victim]]:
    async with two_servers(tmp_path_factory.mktemp("redis")) as stack:
        yield {
            "cache": Victim(stack, "redis", stack.environment["MENTORA_REDIS_CACHE_URL"]),
            "limits": Victim(stack, "redis-limits", stack.environment["MENTORA_REDIS_LIMITS_URL"]),
        }


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(
    servers: Servers, database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory, redis: dict[str, Victim]
) -> AsyncIterator[Gateway]:
    urls = {"redis_cache_url": redis["cache"].url, "redis_limits_url": redis["limits"].url}
    settings = gateway_settings(servers, database, tmp_path_factory.mktemp("gateway"), **urls)
    async with running_gateway(settings) as running:
        yield running


async def _state(gateway: Gateway, dependency: str) -> tuple[str, str, float]:
    """What readiness says of all, and of this one; and what metrics say of it."""
    ready = (await gateway.client.get("/readyz")).json()
    counted = (await gateway.client.get("/metrics")).text
    found = re.search(rf'mentora_degraded{{dependency="{dependency}"}} (\S+)', counted)
    assert found is not None
    return ready["status"], ready["dependencies"][dependency], float(found[1])


@pytest.mark.parametrize("dependency", ["cache", "limits"])
async def test_a_redis_that_says_nothing_is_done_without_and_readiness_and_metrics_say_so(
    gateway: Gateway, database: FreshDatabase, redis: dict[str, Victim], dependency: str
) -> None:
    creator = uuid4()
    video = (await completed(database, creator))[0].video.video_id
    path, headers = f"/api/videos/{video}", gateway.creator(creator)
    with redis[dependency].frozen():
        answers = [await gateway.client.get(path, headers=headers) for _ in range(5)]
        assert {answer.status_code for answer in answers} == {200}
        assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["99", "98", "97", "96", "95"]
        assert await _state(gateway, dependency) == ("degraded", "degraded", 1.0)


async def test_the_twenty_first_chat_is_refused_though_the_limits_redis_is_killed_after_the_tenth(
    gateway: Gateway, redis: dict[str, Victim]
) -> None:
    await gateway.client.delete("/api/admin/limits/chat", headers=gateway.operator())
    headers, statuses = gateway.creator(uuid4()), []
    for number in range(21):
        if number == 10:
            redis["limits"].kill()
        statuses.append((await gateway.client.post("/api/chat", headers=headers, json={})).status_code)
    assert statuses == [422] * 20 + [429]
