"""Following one video by its numbered changes, until it has ended."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from adapters.postgres.pool import Database
from adapters.postgres.summaries import VideoSummaries
from adapters.postgres.video_events import VideoChanges
from adapters.postgres.videos import VideoReader
from schemas.errors import LectureDeleted, StoreUnavailable, VideoNotFound
from schemas.videos import Video, VideoRef
from starters.cli.process_report import Report
from starters.cli.view import View
from starters.results import read_transcript

T = TypeVar("T")

_POLL_SECONDS = 0.1  # an empty poll costs PostgreSQL half a millisecond
_PATIENCE_SECONDS = 30.0  # a server that died is started again in one second, after a crash in some
_RETRY_SECONDS = 0.25
_FIRST_SEGMENTS = 8


async def patiently(step: Callable[[], Awaitable[T]]) -> T:
    """The step's result; while a store is away it is tried again, for half a minute, so it must be idempotent.

    Raises: StoreUnavailable after that.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + _PATIENCE_SECONDS
    while True:
        try:
            return await step()
        except StoreUnavailable:
            if clock() > deadline:
                raise
        await asyncio.sleep(_RETRY_SECONDS)


class Follower:
    """Keeps a view, and whoever shows it, up to date."""

    def __init__(self, database: Database, report: Report) -> None:
        self._database = database
        self._report = report

    async def follow(self, ref: VideoRef, view: View) -> Video:
        """Return the video when it is completed, failed or cancelled. Polls ten times a second.

        Raises: LectureDeleted; DatabaseUnavailable where it is away for long.
        """
        await patiently(lambda: self._take_changes(ref, view))
        await patiently(lambda: self._look_at_transcript(ref, view))
        view.caught_up()
        self._report.changed(view)
        while not view.progress.status.is_final:
            await asyncio.sleep(_POLL_SECONDS)
            if await patiently(lambda: self._take_changes(ref, view)):
                await patiently(lambda: self._look_at_transcript(ref, view))
            self._report.changed(view)
        return await patiently(lambda: VideoReader(self._database).find(ref.creator_id, ref.video_id))

    async def _take_changes(self, ref: VideoRef, view: View) -> bool:
        """Whether there were any. Raises: LectureDeleted: the changes go with the video, so none would ever come."""
        changes = await VideoChanges(self._database).after(ref.creator_id, ref.video_id, view.progress.number)
        if not changes:
            try:
                await VideoReader(self._database).find(ref.creator_id, ref.video_id)
            except VideoNotFound:
                raise LectureDeleted(f"{view.name} was deleted while it was followed") from None
        for change in changes:
            view.take(change)
        return bool(changes)

    async def _look_at_transcript(self, ref: VideoRef, view: View) -> None:
        """How many seconds of it there are, and its first lines as soon as they are stored."""
        stage = view.progress.transcript
        if stage is None or (stage.seconds is not None and view.first_segments):
            return
        creator, video_id = ref.creator_id, ref.video_id
        view.heard_seconds = await VideoSummaries(self._database).heard_seconds(creator, video_id)
        if stage.done and not view.first_segments:
            transcript = await read_transcript(self._database, creator, video_id)
            view.first_segments = transcript.segments[:_FIRST_SEGMENTS] if transcript is not None else ()
