"""Lectures on their way through one `mentora process`."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from adapters.object_store import open_object_store
from adapters.postgres.events import EventInbox
from adapters.postgres.videos import VideoReader
from adapters.settings import Settings
from schemas.errors import MentoraError, VideoNotFound
from schemas.ids import video_id
from schemas.videos import Video, VideoStatus
from starters.captions import captions_file, captions_of, write_captions
from starters.cli.following import Follower, patiently
from starters.cli.process_page import Outcome
from starters.cli.process_report import Report
from starters.cli.reach import Reach
from starters.cli.view import View
from starters.results import ErrorResult, gather_result, read_transcript
from starters.videos import Lecture, LectureFile, Submissions, Submitted, is_url, read_file, read_url


@dataclass
class Item:
    """One argument: `lecture` once it is read, `outcome` once it has one."""

    named: str
    view: View
    lecture: Lecture | None = None
    outcome: Outcome | None = None

    def refuse(self, error: MentoraError) -> None:
        """It goes no further; the others do."""
        self.view.end(str(error))
        self.outcome = Outcome(self.named, error=ErrorResult.of(error))


class Batch:
    """All arguments of one command. An error of one lecture is its outcome, and no other's."""

    def __init__(
        self,
        settings: Settings,
        creator: UUID,
        items: Sequence[Item],
        report: Report,
        title: str | None,
        course: str | None,
    ) -> None:
        self._settings = settings
        self._creator = creator
        self._items = items
        self._report = report
        self._title = title
        self._course = course

    @property
    def waiting(self) -> list[Item]:
        """Those without an outcome yet."""
        return [item for item in self._items if item.outcome is None]

    @property
    def outcomes(self) -> list[Outcome]:
        """In the arguments' order."""
        return [item.outcome for item in self._items if item.outcome is not None]

    async def read(self) -> None:
        """Checksums, one file after the other: a disk reads two at once no faster."""
        for item in self._items:
            try:
                item.lecture = await self._read(item)
            except MentoraError as error:
                item.refuse(error)

    async def answer_known(self, reach: Reach) -> None:
        """What was processed before needs no worker."""
        reader = VideoReader(reach.database)
        for item in self.waiting:
            assert item.lecture is not None, "what could not be read has an outcome"
            with suppress(VideoNotFound):
                video = await reader.find(self._creator, video_id(self._creator, item.lecture.key))
                if video.status.is_final:
                    await self._conclude(reach, item, video, is_repeat=True)

    async def process(self, reach: Reach) -> None:
        """Submit what is waiting and follow all of it to its end, together."""
        store = open_object_store(reach.settings)
        submissions = Submissions(VideoReader(reach.database), EventInbox(reach.database), store)
        async with asyncio.TaskGroup() as group:
            for item in self.waiting:
                group.create_task(self._process(reach, submissions, item))

    async def _read(self, item: Item) -> Lecture:
        if is_url(item.named):
            return read_url(item.named)

        def show(done: int, total: int) -> None:
            item.view.read_bytes = (done, total)
            self._report.changed(item.view)

        return await read_file(Path(item.named), self._settings.max_video_bytes, show)

    async def _process(self, reach: Reach, submissions: Submissions, item: Item) -> None:
        try:
            submitted = await patiently(lambda: self._submit(submissions, item))
            item.view.video_id, item.view.is_repeat = str(submitted.video.video_id), submitted.is_repeat
            video = await Follower(reach.database, self._report).follow(submitted.video, item.view)
            await patiently(lambda: self._conclude(reach, item, video, is_repeat=submitted.is_repeat))
        except MentoraError as error:
            item.refuse(error)
        self._report.changed(item.view)

    async def _submit(self, submissions: Submissions, item: Item) -> Submitted:
        lecture = item.lecture
        assert lecture is not None, "what could not be read has an outcome"
        if isinstance(lecture, LectureFile):
            return await submissions.submit_file(self._creator, lecture, self._title, self._course)
        return await submissions.submit_url(self._creator, lecture, self._title, self._course)

    async def _conclude(self, reach: Reach, item: Item, video: Video, *, is_repeat: bool) -> None:
        result = await gather_result(reach.database, video, reach.ui)
        outcome = Outcome(item.named, result, error=result.error, is_repeat=is_repeat)
        if video.status is VideoStatus.COMPLETED:
            outcome = await self._with_captions(reach, outcome, video)
        item.view.end(result.error.message if result.error else "")
        item.outcome = outcome

    async def _with_captions(self, reach: Reach, outcome: Outcome, video: Video) -> Outcome:
        transcript = await read_transcript(reach.database, video.creator_id, video.id)
        assert transcript is not None, "a completed video has a complete transcript"
        path = captions_file(self._settings.home_path, video.id)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        await write_captions(path, await captions_of(transcript, "vtt"))
        return Outcome(outcome.source, outcome.result, transcript, path, is_repeat=outcome.is_repeat)
