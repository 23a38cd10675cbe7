"""Two real Redis of a test module's own, and the hands that kill, freeze and fill them."""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis

from adapters.embedded.home import Home
from adapters.embedded.stack import Stack
from adapters.settings import Settings
from tests.adapters.embedded.running import state_of, until
from tests.surroundings import bare_environment


@dataclass(frozen=True)
class Victim:
    """One server that `mentora up` would run, started again when it dies."""

    stack: Stack
    name: str
    url: str

    def kill(self) -> None:
        os.kill(state_of(self.stack, self.name).pid, signal.SIGKILL)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        pid = state_of(self.stack, self.name).pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @asynccontextmanager
    async def full(self) -> AsyncIterator[None]:
        """It refuses every write that needs memory."""
        async with Redis.from_url(self.url, decode_responses=True) as redis:
            before = await redis.config_get("maxmemory*")
            await redis.config_set("maxmemory-policy", "noeviction")
            await redis.config_set("maxmemory", 1)
            try:
                yield
            finally:
                for name in ("maxmemory", "maxmemory-policy"):
                    await redis.config_set(name, str(before[name]))

    async def keys(self, pattern: str) -> list[str]:
        async with Redis.from_url(self.url, decode_responses=True) as redis:
            return [str(key) async for key in redis.scan_iter(pattern)]


@asynccontextmanager
async def two_servers(folder: Path) -> AsyncIterator[Stack]:
    home = Home(folder / "home")
    only = {"redis", "redis-limits"}
    stack = Stack(Settings.model_construct(), home, workers=(), only=only, inherited=bare_environment())
    try:
        await stack.start()
        yield stack
    finally:
        await stack.stop()


async def until_answers(victim: Victim, killed: int) -> None:
    """Wait until the server that had the pid `killed` is there again as another."""
    await until(lambda: state_of(victim.stack, victim.name).pid not in {0, killed})
    await until(lambda: state_of(victim.stack, victim.name).phase.value == "ready")
