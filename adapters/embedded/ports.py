"""TCP ports that a home keeps: links to Temporal's UI stay good across restarts, and homes run side by side."""

import fcntl
import json
import os
import socket
from itertools import chain

from adapters.embedded.home import Home, private_folder, user_folder
from schemas.errors import ServerFailed

_STEP = 10  # 7233, 7243, ...: easy to recognise, and below the range that outgoing connections take theirs from
_TRIES = 200
_LOOPBACK = "127.0.0.1"


class Ports:
    """A claim lasts as long as this process: also while the server that listens there is being restarted."""

    def __init__(self, home: Home) -> None:
        self._file = home.run / "ports.json"
        self._claims: list[int] = []

    def claim(self, name: str, preferred: int) -> int:
        """The port this home had for `name`, else `preferred`, else one near it. Raises: ServerFailed."""
        remembered = self._remembered()
        near = range(preferred, preferred + _STEP * _TRIES, _STEP)
        for port in chain([remembered.get(name, preferred)], near):
            if self._take(port):
                self._file.write_text(json.dumps(remembered | {name: port}))
                return port
        raise ServerFailed(f"No free port for {name} from {preferred} on.")

    def last(self, name: str) -> int | None:
        """The port this home last had for `name`, claimed or not."""
        return self._remembered().get(name)

    def release(self) -> None:
        """Let other homes have them."""
        for claim in self._claims:
            os.close(claim)
        self._claims.clear()

    def _remembered(self) -> dict[str, int]:
        try:
            remembered: dict[str, int] = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return {}
        return remembered

    def _take(self, port: int) -> bool:
        """Two homes that start together would both find a port free: a lock decides, then the test."""
        folder = private_folder(user_folder() / "ports")
        claim = os.open(folder / str(port), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(claim)
            return False
        if not _is_free(port):
            os.close(claim)
            return False
        self._claims.append(claim)
        return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        try:
            probe.bind((_LOOPBACK, port))
        except OSError:
            return False
    return True
