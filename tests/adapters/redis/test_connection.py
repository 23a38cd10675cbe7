"""Many who ask at once share round trips, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from adapters.redis.connection import RedisConnection
from tests.adapters.redis.hurting import Victim

pytestmark = pytest.mark.servers

_REPEAT = "return ARGV[1]"


@pytest_asyncio.fixture(loop_scope="session")
async def connection(cache_server: Victim) -> AsyncIterator[RedisConnection]:
    opened = RedisConnection(cache_server.url)
    yield opened
    await opened.close()


async def _reads(server: Victim) -> int:
    """How often the server has read from any connection."""
    async with Redis.from_url(server.url) as redis:
        return int((await redis.info("stats"))["total_reads_processed"])


async def test_a_hundred_at_once_take_a_few_round_trips_and_each_gets_its_own_answer(
    connection: RedisConnection, cache_server: Victim
) -> None:
    await connection.ask("PING")
    before = await _reads(cache_server)
    answers = await asyncio.gather(*(connection.ask("ECHO", str(number)) for number in range(100)))
    assert answers == [str(number).encode() for number in range(100)]
    assert await _reads(cache_server) - before < 20


async def test_a_server_that_has_forgotten_the_script_is_told_it_again(
    connection: RedisConnection, cache_server: Victim
) -> None:
    assert await connection.run(_REPEAT, [], ["first"]) == b"first"
    async with Redis.from_url(cache_server.url) as redis:
        await redis.script_flush()
    answers = await asyncio.gather(*(connection.run(_REPEAT, [], [f"{number}"]) for number in range(20)))
    assert answers == [f"{number}".encode() for number in range(20)]


async def test_what_is_refused_is_none_of_the_others_business(connection: RedisConnection) -> None:
    key = f"text-{uuid4()}"
    await connection.ask("SET", key, "words", "EX", 60)
    commands = [("GET", key), ("LPUSH", key, "1"), ("GET", key)]
    assert await asyncio.gather(*(connection.ask(*command) for command in commands)) == [b"words", None, b"words"]
    assert not connection.is_away


async def test_who_leaves_takes_nobody_along(connection: RedisConnection) -> None:
    asked = [asyncio.create_task(connection.ask("ECHO", str(number))) for number in range(50)]
    await asyncio.sleep(0)
    for leaving in asked[::2]:
        leaving.cancel()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert answers[1::2] == [str(number).encode() for number in range(1, 50, 2)]
    assert all(isinstance(answer, asyncio.CancelledError) for answer in answers[::2])


async def test_who_waits_when_it_is_closed_is_not_left_waiting(cache_server: Victim) -> None:
    opened = RedisConnection(cache_server.url)
    await opened.ask("PING")
    with cache_server.frozen():
        asked = [asyncio.create_task(opened.ask("PING")) for _ in range(3)]
        await asyncio.sleep(0.05)
        await opened.close()
        assert await asyncio.wait_for(asyncio.gather(*asked), 0.2) == [None] * 3


async def test_who_asks_in_the_moment_of_closing_is_not_left_waiting(cache_server: Victim) -> None:
    opened = RedisConnection(cache_server.url)
    asked = asyncio.create_task(opened.ask("PING"))
    await asyncio.sleep(0)  # it waits to be sent
    await opened.close()
    assert await asyncio.wait_for(asked, 0.5) is None
