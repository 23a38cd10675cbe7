"""A worker that does nothing but what its arguments say; started by its path, in a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from types import FrameType


def main() -> None:
    """Arguments: `ready`, `stubborn` (ignores SIGTERM), `child` (starts a process), `fails=STATUS`."""
    arguments = sys.argv[1:]
    for argument in arguments:
        if argument.startswith("fails="):
            sys.stderr.write("I cannot work like this\n")
            sys.exit(int(argument.removeprefix("fails=")))
    signal.signal(signal.SIGTERM, signal.SIG_IGN if "stubborn" in arguments else _leave)
    if "child" in arguments:
        sys.stdout.write(f"child {subprocess.Popen(['sleep', '600']).pid}\n")
    sys.stdout.write(f"home {os.environ.get('MENTORA_HOME')} supervised {os.environ.get('MENTORA_SUPERVISED')}\n")
    sys.stdout.flush()
    if "ready" in arguments:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagram:
            datagram.sendto(b"STATUS=here\nREADY=1", os.environ["NOTIFY_SOCKET"])
    time.sleep(600)


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main()
