"""The peak memory of processes and all their descendants together."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import psutil

SAMPLE_SECONDS = 0.5


def together(pids: Sequence[int]) -> int:
    """Proportional set size in bytes, summed: pages that several processes share are counted once."""
    total = 0
    for pid in pids:
        with suppress(psutil.Error):
            parent = psutil.Process(pid)
            for process in [parent, *parent.children(recursive=True)]:
                with suppress(psutil.Error):
                    total += process.memory_full_info().pss
    return total


class PeakMemory:
    """`async with PeakMemory(pid, ...) as peak: ...`, then `peak.bytes`."""

    def __init__(self, *pids: int) -> None:
        self.bytes = 0
        self._pids = pids
        self._watching: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "PeakMemory":
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._watching is not None:
            self._watching.cancel()

    async def _watch(self) -> None:
        while True:
            self.bytes = max(self.bytes, await asyncio.to_thread(together, self._pids))
            await asyncio.sleep(SAMPLE_SECONDS)
