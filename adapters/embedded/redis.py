"""Two embedded Redis, for the cache and for the limits: on Unix sockets, bounded, and keeping nothing on disk."""

import asyncio
from collections.abc import Mapping

from adapters.embedded.child import ChildPlan
from adapters.embedded.home import Home
from adapters.embedded.programs import redis_program

_SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "save": "",  # a cache that is lost is filled again, and each process remembers what it let through
    "appendonly": "no",
    "daemonize": "no",
}


class Redis:
    """One server for the cache alone: it may forget anything."""

    name = "redis"
    _variable = "MENTORA_REDIS_CACHE_URL"
    _memory: Mapping[str, str] = {"maxmemory": "256mb", "maxmemory-policy": "allkeys-lfu"}

    def __init__(self, home: Home, environment: Mapping[str, str]) -> None:
        self._home = home
        self._inherited = environment
        self._socket = home.sockets / f"{self.name}.sock"

    @property
    def environment(self) -> dict[str, str]:
        """Its address."""
        return {self._variable: f"unix://{self._socket}"}

    async def plan(self) -> ChildPlan:
        """Raises PartMissing."""
        program = redis_program(self._inherited)
        folder = self._home.data / self.name
        folder.mkdir(mode=0o700, exist_ok=True)
        settings = _SETTINGS | dict(self._memory) | {"unixsocket": str(self._socket), "dir": str(folder)}
        return ChildPlan(
            name=self.name,
            argv=(str(program), *(part for key, value in settings.items() for part in (f"--{key}", value))),
            environment=self._inherited,
            probe=self._is_ready,
            stop_seconds=2,
            passing_complaints=("Address already in use",),
        )

    async def ensure(self) -> None:
        """Nothing to make in it."""

    async def _is_ready(self, _pid: int) -> bool:
        try:
            reader, writer = await asyncio.open_unix_connection(self._socket)
        except OSError:
            return False
        try:
            writer.write(b"PING\r\n")
            return await reader.readline() == b"+PONG\r\n"
        finally:
            writer.close()


class RedisLimits(Redis):
    """One server for the rate limits: it evicts nothing, since who is forgotten has no limit."""

    name = "redis-limits"
    _variable = "MENTORA_REDIS_LIMITS_URL"
    _memory: Mapping[str, str] = {"maxmemory": "64mb", "maxmemory-policy": "noeviction"}
