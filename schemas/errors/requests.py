"""The request or its story: its sender must change it, or a newer run has taken over."""

from schemas.errors.roots import PermanentError


class VideoNotFound(PermanentError):
    """No such video among the caller's."""

    code = "video_not_found"
    exit_status = 40
    cure = "List yours: `mentora status`, or GET /api/videos."


class LectureDeleted(VideoNotFound):
    """The lecture was deleted, and a deleted video does not come back."""

    code = "lecture_deleted"
    exit_status = 44
    cure = "Send it to POST /api/videos: there every file is a new video."


class EventInvalid(PermanentError):
    """An event does not say what its type must say."""

    code = "event_invalid"
    exit_status = 41
    cure = "Mend the named field and send the event again."


class IdempotencyKeyReused(PermanentError):
    """The key was used before, for something else."""

    code = "idempotency_key_reused"
    exit_status = 42
    cure = "Use a new key for something new."


class TranscriptNotReady(PermanentError):
    """Nothing of the transcript is stored yet."""

    code = "transcript_not_ready"
    exit_status = 43
    cure = "Wait for the first part: `mentora status` shows how far it is."


class Superseded(PermanentError):
    """The video was cancelled, deleted or started again: this story's epoch is over, and it must not write."""

    code = "superseded"
    exit_status = 50
    cure = "Nothing to do: a newer run, or nobody, needs this one."


class StepPoisoned(PermanentError):
    """A step killed its worker three times."""

    code = "step_poisoned"
    exit_status = 51
    cure = "An operator must look at the worker's log before this is retried."


class VideoCancelled(PermanentError):
    """Somebody cancelled the video."""

    code = "video_cancelled"
    exit_status = 52
    cure = "Submit the video again if it is still wanted."
