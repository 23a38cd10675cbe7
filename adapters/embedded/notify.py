"""The readiness protocol of systemd: a child writes `READY=1` to the datagram socket that NOTIFY_SOCKET names."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_DATAGRAM_BYTES = 4_096


class NotifySocket:
    """One child's socket. It outlives the child's restarts, so its name can be in the child's environment."""

    def __init__(self, path: Path, on_ready: Callable[[], None]) -> None:
        self.path = path
        self._on_ready = on_ready
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(str(path))
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    def drain(self) -> None:
        """Forget what a dead child wrote last: it must not make its successor ready."""
        with suppress(BlockingIOError):
            while True:
                self._socket.recv(_DATAGRAM_BYTES)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        self.path.unlink(missing_ok=True)

    def _read(self) -> None:
        with suppress(BlockingIOError):
            while True:
                if b"READY=1" in self._socket.recv(_DATAGRAM_BYTES).split(b"\n"):
                    self._on_ready()
