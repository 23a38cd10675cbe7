"""The ends of a video's way: it begins, and it is completed, failed or cancelled."""

from contextlib import suppress

from temporalio import activity

from activities.ports import VideoRepository
from schemas.base import Frozen
from schemas.errors import Superseded
from schemas.media import AudioRef
from schemas.videos import VideoRef


class FailedStep(Frozen):
    """Why a video cannot be completed."""

    video: VideoRef
    step: str
    code: str
    message: str
    attempts: int


class VideoActivities:
    """Short steps on the video's own row."""

    def __init__(self, videos: VideoRepository) -> None:
        self._videos = videos

    @activity.defn
    async def begin_video(self, video: VideoRef) -> None:
        """Mark the video as processing.

        Idempotent: the statement takes a queued or a processing video to processing.
        Raises: Superseded (permanent).
        """
        await self._videos.begin(video)

    @activity.defn
    async def complete_video(self, audio: AudioRef) -> None:
        """Mark the video as completed, with the audio's duration in seconds.

        Idempotent: only a processing video changes.
        Raises: Superseded (permanent).
        """
        await self._videos.complete(audio.video, audio.duration_seconds)

    @activity.defn
    async def fail_video(self, failed: FailedStep) -> None:
        """Mark the video as failed and leave a dead letter that names the step.

        Idempotent: only an unfinished video changes, and its dead letter is keyed by its epoch.
        Raises: Superseded (permanent).
        """
        workflow_id = activity.info().workflow_id or ""
        await self._videos.fail(failed.video, failed.step, failed.code, failed.message, workflow_id, failed.attempts)

    @activity.defn
    async def cancel_video(self, video: VideoRef) -> None:
        """Mark the video as cancelled and end its epoch: what still runs for it can no longer write.

        Idempotent: the epoch lets one call through; where somebody ended it already, that is as good.
        """
        with suppress(Superseded):
            await self._videos.cancel(video)
