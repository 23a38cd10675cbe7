"""Keeps a set of children alive and ends them in the reverse of the order in which they came."""

import asyncio
from collections.abc import Callable, Sequence

from adapters.embedded.child import Child, ChildPlan
from adapters.embedded.home import Home
from adapters.embedded.state import ProcessState


class Supervisor:
    """Children come in stages: those of one stage start together and stop together."""

    def __init__(self, home: Home, on_change: Callable[[ProcessState], None]) -> None:
        self._home = home
        self._on_change = on_change
        self._stages: list[list[Child]] = []

    @property
    def states(self) -> tuple[ProcessState, ...]:
        """Every child, in the order in which they came."""
        return tuple(child.state for stage in self._stages for child in stage)

    async def start(self, plans: Sequence[ChildPlan]) -> None:
        """Start a stage; return when all of it is ready. Raises ServerFailed at the first that would not start."""
        stage = [Child(plan, self._home, self._on_change) for plan in plans]
        self._stages.append(stage)
        starts = [asyncio.create_task(child.start()) for child in stage]
        try:
            await asyncio.gather(*starts)
        finally:
            for start in starts:
                start.cancel()

    async def stop(self) -> None:
        """End all, the last stage first; each child gets its own time to end by itself."""
        for stage in reversed(self._stages):
            await asyncio.gather(*(child.stop() for child in stage))

    def kill(self) -> None:
        """End all at once, without waiting; `stop` then only collects them."""
        for stage in self._stages:
            for child in stage:
                child.kill()
