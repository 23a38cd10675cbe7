"""Changes of a video that its creator asks for, and what it is after them."""

from uuid import UUID

from schemas.base import Frozen
from schemas.ids import text_sha256
from schemas.texts import Title
from schemas.videos import VideoStatus


class VideoEdit(Frozen):
    """What to change; what is not named stays. A course of null takes the video out of its course."""

    title: Title | None = None
    course: Title | None = None
    published: bool | None = None


class EditableVideo(Frozen):
    """What of a video can be edited, as it is."""

    id: UUID
    title: str
    course: str | None
    published: bool

    @property
    def tag(self) -> str:
        """An ETag: whoever edits may say which version it read, so that nobody's edit is lost."""
        return f'"{text_sha256(self.model_dump_json())[:16]}"'


class VideoState(Frozen):
    """Where a video stands after its way was changed."""

    id: UUID
    status: VideoStatus
    epoch: int
    workflow_id: str
