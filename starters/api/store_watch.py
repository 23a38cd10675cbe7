"""Whether the object store answers."""

import asyncio
from contextlib import suppress

from adapters.object_store import Store
from schemas.errors import FileNotReadable, MentoraError

_PATIENCE_SECONDS = 2.0
_KEY = "readiness/nothing"  # nobody writes it


class StoreWatch:
    """Asks one thing at a time, however many want to know: on a disk that hangs each question keeps a thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asking: asyncio.Task[bool] | None = None

    async def is_there(self) -> bool:
        """Whether the store answers what it is being asked, or was asked just now, within two seconds."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        asking = self._asking  # by the time of its answer somebody else may have asked again
        await asyncio.wait([asking], timeout=_PATIENCE_SECONDS)
        return asking.done() and asking.result()

    async def _ask(self) -> bool:
        """A read: of all questions this one tells a key that is not there from a bucket that is not there."""
        try:
            with suppress(FileNotReadable):
                await self._store.read(_KEY, 0, 1)
        except MentoraError:
            return False
        return True
