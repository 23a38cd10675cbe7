"""Who had the machine's cores meanwhile: what limits a figure."""

import os
import resource
import time
from collections import defaultdict
from contextlib import suppress

import psutil

from adapters.embedded.state import HomeState

SERVERS = ("postgres", "redis", "redis-limits", "temporal", "gateway")


class Cores:
    """Begin one before what is measured; `line` tells the cores that each has used on average since then."""

    def __init__(self, home: HomeState, load: str) -> None:
        """`load` is what the children of this process are called that have ended by the time of `line`."""
        self._home = home
        self._load = load
        self._began = time.monotonic()
        self._before = self._seconds()

    def line(self) -> str:
        """The hungriest first."""
        seconds = time.monotonic() - self._began
        used = {name: (total - self._before[name]) / seconds for name, total in self._seconds().items()}
        told = ", ".join(f"{name} {cores:.2f}" for name, cores in sorted(used.items(), key=lambda one: -one[1]))
        return f"cores in use, of {os.cpu_count()}: {told}"

    def _seconds(self) -> dict[str, float]:
        """Processor time so far."""
        found = defaultdict[str, float](float)
        for process in self._home.processes:
            name = process.name if process.name in SERVERS else "workers"
            with suppress(psutil.Error):
                parent = psutil.Process(process.pid)
                found[name] += sum(_time_of(one) for one in [parent, *parent.children(recursive=True)])
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        found[self._load] = ended.ru_utime + ended.ru_stime
        return found


def _time_of(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)
