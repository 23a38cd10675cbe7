"""The servers that this folder's tests hurt, and what asks them."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from adapters.embedded.stack import Stack
from adapters.redis.cache import Cache
from adapters.redis.rate_limits import RateLimiter
from tests.adapters.redis.hurting import Victim, two_servers


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def two(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with two_servers(tmp_path_factory.mktemp("redis")) as stack:
        yield stack


@pytest.fixture
def cache_server(two: Stack) -> Victim:
    return Victim(two, "redis", two.environment["MENTORA_REDIS_CACHE_URL"])


@pytest.fixture
def limits_server(two: Stack) -> Victim:
    return Victim(two, "redis-limits", two.environment["MENTORA_REDIS_LIMITS_URL"])


@pytest_asyncio.fixture(loop_scope="session")
async def cache(cache_server: Victim) -> AsyncIterator[Cache]:
    opened = Cache(cache_server.url)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def other(cache_server: Victim) -> AsyncIterator[Cache]:
    """The cache as another process has it."""
    opened = Cache(cache_server.url)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def limiter(limits_server: Victim) -> AsyncIterator[RateLimiter]:
    opened = RateLimiter(limits_server.url)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def other_limiter(limits_server: Victim) -> AsyncIterator[RateLimiter]:
    """The limiter as another process has it."""
    opened = RateLimiter(limits_server.url)
    yield opened
    await opened.close()
