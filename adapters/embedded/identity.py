"""Who a process is: a number alone may name a stranger after a reboot or a wrap-around, so its birth goes with it."""

import asyncio
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

_STAT_STATE = 0  # fields of /proc/PID/stat after the command's closing bracket
_STAT_START = 19
_POLL_SECONDS = 0.01


def birth(pid: int) -> str:
    """When `pid` started, as a text to compare; empty if there is no such process, or only its zombie."""
    if not Path("/proc/self/stat").exists():
        return _birth_by_ps(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    if fields[_STAT_STATE] in "ZX":
        return ""
    # Ticks count from the boot, so they are only unique together with it.
    return f"{Path('/proc/sys/kernel/random/boot_id').read_text()[:8]}-{fields[_STAT_START]}"


def _birth_by_ps(pid: int) -> str:
    """The same on a system without /proc."""
    done = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def lives(pid: int, born: str) -> bool:
    """Whether `pid` is still the process that was `born` then."""
    return bool(born) and birth(pid) == born


def signal_group(leader: int, number: signal.Signals) -> None:
    """Signal the process group that `leader` began; nobody left in it is fine."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


async def end_process(pid: int, born: str, first: signal.Signals, grace_seconds: float) -> None:
    """End a process that is not our child: ask with `first`, wait, then kill its group."""
    if not lives(pid, born):
        return
    with suppress(ProcessLookupError):
        os.kill(pid, first)
    if not await gone(pid, born, grace_seconds):
        signal_group(pid, signal.SIGKILL)
        await gone(pid, born, grace_seconds)


async def gone(pid: int, born: str, seconds: float) -> bool:
    """Wait until that process has ended, at most `seconds`; whether it has."""
    end = time.monotonic() + seconds
    while lives(pid, born):
        if time.monotonic() > end:
            return False
        await asyncio.sleep(_POLL_SECONDS)
    return True
