"""A video is not in a state, or not any more as the caller saw it."""

from schemas.errors.roots import PermanentError


class StatusForbids(PermanentError):
    """The video's status does not allow this."""

    code = "status_forbids"
    exit_status = 108
    cure = "Read the video's status: what runs must end, what failed be retried first."


class VideoChanged(PermanentError):
    """Somebody else changed the video since the caller read it."""

    code = "video_changed"
    exit_status = 109
    cure = "Read the video again and repeat the change on what it is now."


class SegmentNotFound(PermanentError):
    """The transcript has no segment of that number."""

    code = "segment_not_found"
    exit_status = 110
    cure = "Read the transcript again: its segments are numbered from 0."
