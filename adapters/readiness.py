"""The word of a supervised process to its supervisor, be that `mentora up` or systemd."""

import os
import socket
from contextlib import suppress


def say_ready() -> None:
    """Tell it, in systemd's words (sd_notify), that this process takes work. Without a supervisor, nothing."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagram:
        datagram.connect("\0" + address[1:] if address.startswith("@") else address)
        datagram.send(b"READY=1")
