"""What is counted, as text: strangers may ask for it, so it is made seldom and beside everything else."""

import asyncio
from collections.abc import Callable


class Scrapes:
    """One a process."""

    shared_seconds = 1.0  # Prometheus comes every few; whoever comes more often learns nothing more

    def __init__(self) -> None:
        self._making: asyncio.Task[bytes] | None = None
        self._began = 0.0

    async def text(self, render: Callable[[], bytes]) -> bytes:
        """What `render` makes in a thread, one at a time; it is shared for a second from its beginning.

        Raises: what `render` raises, to those who waited for it.
        """
        now = asyncio.get_running_loop().time()
        if self._making is None or (self._making.done() and self._is_over(self._making, now)):
            self._making, self._began = asyncio.create_task(asyncio.to_thread(render)), now
        return await asyncio.shield(self._making)  # one asker's going away is not the others'

    def _is_over(self, making: asyncio.Task[bytes], now: float) -> bool:
        return now - self._began >= self.shared_seconds or making.cancelled() or making.exception() is not None
