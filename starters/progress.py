"""A video's way as its change log tells it: pure folding of numbered changes into stages."""

from collections.abc import Iterable
from datetime import datetime

from schemas.videos import Stage, StageProgress, VideoChange, VideoStatus


class Progress:
    """Take the changes in the order of their numbers; ask at any time how far the video is."""

    def __init__(self, changes: Iterable[VideoChange] = ()) -> None:
        self.status = VideoStatus.QUEUED
        self.number = 0
        self._stages: dict[Stage, StageProgress] = {}
        self._started: dict[Stage, datetime] = {}
        for change in changes:
            self.take(change)

    @property
    def stages(self) -> tuple[StageProgress, ...]:
        """The stages that have begun, in the order of a video's way."""
        return tuple(self._stages[stage] for stage in Stage if stage in self._stages)

    @property
    def transcript(self) -> StageProgress | None:
        """The stage that takes the longest."""
        return self._stages.get(Stage.TRANSCRIPT)

    def take(self, change: VideoChange) -> None:
        """Kinds of another version are passed over."""
        self.number = max(self.number, change.number)
        if change.kind == "status":
            self.status = VideoStatus(str(change.data["status"]))
        elif change.kind == "stage":
            self._take_stage(change)

    def _take_stage(self, change: VideoChange) -> None:
        # The log's words are the fields' names, and pydantic reads a stage and numbers out of them.
        told = StageProgress.model_validate(change.data)
        state = change.data["state"]
        if state == "started":
            self._started[told.stage] = change.at
        elif state == "finished":
            # What was stored before, in an earlier epoch, is finished without having been started again.
            seconds = (change.at - self._started.get(told.stage, change.at)).total_seconds()
            told = told.model_copy(update={"seconds": max(0.0, seconds)})
        self._stages[told.stage] = told
