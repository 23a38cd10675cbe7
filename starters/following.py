"""Following videos by their numbered changes: any number of followers, one question for all of them.

Nobody holds a connection while it waits. One look asks for the last number of every video that is followed here; who
follows a video whose number moved reads on from the number it has, so that none is lost and none comes twice. Those
who stand at the same number share the reading.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from adapters.postgres.video_events import VideoChanges
from schemas.callers import Caller
from schemas.errors import StoreUnavailable
from schemas.videos import VideoChange, VideoStanding, VideoStatus

LOOK_SECONDS = 0.25  # a stage tells of itself once a second
STREAM_SECONDS = 600.0  # then the client comes again, with a credential and a membership that are still good
_PAGE = 500
_AGAIN_SECONDS = 1.0  # while PostgreSQL is away

_Read = Callable[[int], Awaitable[list[VideoChange]]]


class Following:
    """One a process."""

    def __init__(self, changes: VideoChanges, stream_seconds: float = STREAM_SECONDS) -> None:
        self._changes = changes
        self._stream_seconds = stream_seconds
        self._tails: dict[tuple[UUID, UUID], _Tail] = {}
        self._looking: asyncio.Task[None] | None = None
        self._is_over = False

    @asynccontextmanager
    async def follow(self, caller: Caller, video_id: UUID, after: int) -> AsyncIterator["Follower"]:
        """Follow the video from the change after `after`; a number that it never had asks from the beginning.

        Raises: VideoNotFound, DatabaseUnavailable.
        """
        standing = await self._changes.standing(caller, video_id)
        key = caller.creator, video_id
        tail = self._tails.setdefault(key, _Tail(lambda number: self._changes.after(*key, number, _PAGE)))
        tail.followers += 1
        if self._is_over:
            tail.end()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            yield Follower(tail, standing, after if after <= standing.number else 0, self._stream_seconds)
        finally:
            tail.followers -= 1
            if not tail.followers:
                self._tails.pop(key, None)
            if not self._tails:
                self._looking.cancel()

    def end(self) -> None:
        """Let everybody go."""
        self._is_over = True
        for tail in self._tails.values():
            tail.end()

    async def _look(self) -> None:
        """While anybody follows anything. A look that PostgreSQL cannot answer is made up for by the next one."""
        try:
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                followed = dict(self._tails)
                with suppress(StoreUnavailable):
                    numbers = await self._changes.numbers(followed)
                    for key, tail in followed.items():
                        tail.look(numbers.get(key))
        finally:  # a bug in here must leave nobody waiting: they come again
            for tail in self._tails.values():
                tail.end()


class _Tail:
    """The end of one video's log, as far as the last look saw it."""

    def __init__(self, read: _Read) -> None:
        self.followers = 0
        self.is_gone = False  # the video is
        self.is_over = False
        self.moved = asyncio.Event()  # a new one for every move
        self._read = read
        self._number: int | None = 0
        self._pages: dict[int, asyncio.Task[list[VideoChange]]] = {}

    def look(self, number: int | None) -> None:
        if number != self._number:
            self._number, self.is_gone = number, number is None
            self._move()

    def end(self) -> None:
        self.is_over = True
        self._move()

    async def after(self, number: int) -> list[VideoChange]:
        """What is stored after `number`; between two moves it is read once, however many ask."""
        page = self._pages.get(number)
        if page is None or (page.done() and (page.cancelled() or page.exception())):
            page = self._pages[number] = asyncio.ensure_future(self._read(number))
        return await asyncio.shield(page)  # who leaves must not take the page from those who stay

    def _move(self) -> None:
        self._pages.clear()
        self.moved.set()
        self.moved = asyncio.Event()


class Follower:
    """One client's way along one video's log."""

    def __init__(self, tail: _Tail, standing: VideoStanding, number: int, seconds: float) -> None:
        self._tail = tail
        self._standing = standing
        self._status = standing.status
        self._number = number
        self._seconds = seconds

    @property
    def end(self) -> str | None:
        """How the video ended, when all that led there was told; None while it goes on."""
        if self._tail.is_gone:
            return "deleted"
        return self._status if self._number >= self._standing.number and self._status.is_final else None

    async def changes(self) -> AsyncGenerator[VideoChange, None]:
        """Each change once, in order, as they are stored, until there is an `end` or the stream's time is up."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._seconds
        while not self._tail.is_over and clock() < deadline:
            moved, page = self._tail.moved, await self._page()
            for change in page or ():
                self._take(change)
                yield change
            if page is not None and len(page) == _PAGE:
                continue
            if self.end is not None:
                return
            patience = deadline - clock() if page is not None else _AGAIN_SECONDS
            with suppress(TimeoutError):
                await asyncio.wait_for(moved.wait(), patience)

    async def _page(self) -> list[VideoChange] | None:
        """None while PostgreSQL is away."""
        try:
            return await self._tail.after(self._number)
        except StoreUnavailable:
            return None

    def _take(self, change: VideoChange) -> None:
        self._number = change.number
        # What was told before this client came is history: the row that it found was newer.
        if change.kind == "status" and change.number > self._standing.number:
            self._status = VideoStatus(str(change.data["status"]))
