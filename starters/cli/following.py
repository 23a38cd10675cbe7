"""Following one video by its numbered changes, until it has ended."""

import asyncio

from adapters.postgres.pool import Database
from adapters.postgres.summaries import VideoSummaries
from adapters.postgres.video_events import VideoChanges
from adapters.postgres.videos import VideoReader
from schemas.errors import StoreUnavailable
from schemas.videos import Video, VideoRef
from starters.cli.process_report import Report
from starters.cli.view import View
from starters.results import read_transcript

_POLL_SECONDS = 0.1  # an empty poll costs PostgreSQL half a millisecond
_PATIENCE_SECONDS = 30.0  # a database that is started again after a crash takes some seconds
_FIRST_SEGMENTS = 8


class Follower:
    """Keeps a view, and whoever shows it, up to date."""

    def __init__(self, database: Database, report: Report) -> None:
        self._database = database
        self._report = report

    async def follow(self, ref: VideoRef, view: View) -> Video:
        """Return the video when it is completed, failed or cancelled. Polls ten times a second.

        A database that is away for some seconds is waited for. Raises: DatabaseUnavailable.
        """
        away_since: float | None = None
        is_history = True
        while True:
            try:
                if await self._take_changes(ref, view) or is_history:
                    await self._look_at_transcript(ref, view)
                if view.progress.status.is_final:
                    return await VideoReader(self._database).find(ref.creator_id, ref.video_id)
                if is_history:
                    view.caught_up()
                is_history, away_since = False, None
            except StoreUnavailable:
                now = asyncio.get_running_loop().time()
                away_since = away_since or now
                if now - away_since > _PATIENCE_SECONDS:
                    raise
            self._report.changed(view)
            await asyncio.sleep(_POLL_SECONDS)

    async def _take_changes(self, ref: VideoRef, view: View) -> bool:
        """Whether there were any."""
        changes = await VideoChanges(self._database).after(ref.creator_id, ref.video_id, view.progress.number)
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
            video = await VideoReader(self._database).find(creator, video_id)
            transcript = await read_transcript(self._database, video)
            view.first_segments = transcript.segments[:_FIRST_SEGMENTS] if transcript is not None else ()
