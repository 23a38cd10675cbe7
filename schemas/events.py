"""Platform events: what may start a story."""

from typing import Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from schemas.base import Frozen
from schemas.videos import VideoRef


class UploadCompleted(Frozen):
    """A creator's video has arrived: its bytes are an object key of ours or an https URL, never both."""

    type: Literal["video/upload.completed"] = "video/upload.completed"
    creator_id: UUID
    title: str = Field(min_length=1, max_length=300)
    course: str | None = Field(default=None, min_length=1, max_length=300)
    object_key: str | None = Field(default=None, max_length=500)
    url: str | None = Field(default=None, max_length=2_000)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.object_key is None) == (self.url is None):
            raise ValueError("name the video's bytes by object_key or by url, one of the two")
        return self


class Accepted(Frozen):
    """The first answer to an event, and the answer to every repeat of it."""

    video: VideoRef
    workflow_id: str
    is_repeat: bool = False
