"""An embedded Redis for the cache: on a Unix socket, bounded, evicting by least use, and keeping nothing on disk."""

import asyncio
from collections.abc import Mapping

from adapters.embedded.child import ChildPlan
from adapters.embedded.home import Home
from adapters.embedded.programs import redis_program

_SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "save": "",  # a cache that is lost is filled again
    "appendonly": "no",
    "maxmemory": "256mb",
    "maxmemory-policy": "allkeys-lfu",
    "daemonize": "no",
}


class Redis:
    """One server for the cache alone: it may forget anything."""

    name = "redis"

    def __init__(self, home: Home, environment: Mapping[str, str]) -> None:
        self._home = home
        self._inherited = environment
        self._socket = home.sockets / "redis.sock"

    @property
    def environment(self) -> dict[str, str]:
        """The cache's address."""
        return {"MENTORA_REDIS_CACHE_URL": f"unix://{self._socket}"}

    async def plan(self) -> ChildPlan:
        """Raises PartMissing."""
        program = redis_program(self._inherited)
        folder = self._home.data / "redis"
        folder.mkdir(mode=0o700, exist_ok=True)
        settings = _SETTINGS | {"unixsocket": str(self._socket), "dir": str(folder)}
        return ChildPlan(
            name=self.name,
            argv=(str(program), *(part for key, value in settings.items() for part in (f"--{key}", value))),
            environment=self._inherited,
            probe=self._is_ready,
            stop_seconds=2,
            passing_complaints=("Address already in use",),
        )

    async def ensure(self) -> None:
        """Nothing to make in a cache."""

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
