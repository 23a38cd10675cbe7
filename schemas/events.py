"""Platform events: what may start a story, and the answer to one."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from schemas.base import Frozen
from schemas.errors import RequestInvalid
from schemas.memberships import MembershipChange, MembershipStatus, WhopId
from schemas.texts import SegmentText, Title
from schemas.times import Timestamp
from schemas.videos import VideoRef

MAX_EDITED_SEGMENTS = 1_000
# What an edit may make of what was heard: people write little where the model heard nothing, and never ten times as
# much. Readers' captions and search cost by the word, and were else at the mercy of a thousand long segments.
_SEGMENT_GROWTH, _SEGMENT_MORE = 4, 200
_TRANSCRIPT_GROWTH, _TRANSCRIPT_MORE = 2, 10_000
_NAME = "[A-Za-z0-9_][A-Za-z0-9._@+=-]{0,254}"  # as the object store takes them: no way up, nothing hidden


def _names_its_type(schema: dict[str, Any]) -> None:
    """A sender must say the type, though we need not where we make the event."""
    schema["required"] = ["type", *schema.get("required", [])]


class PlatformEvent(Frozen):
    """What every event has. Whose it is may be left out: then it is the sender's own."""

    model_config = ConfigDict(json_schema_extra=_names_its_type)

    creator_id: UUID | None = None

    @property
    def creator(self) -> UUID:
        """Whose it is, once whoever received it has seen to that."""
        assert self.creator_id is not None, "the gateway fills in its caller's"
        return self.creator_id


class UploadCompleted(PlatformEvent):
    """A creator's video has arrived: its bytes are an object key of ours or an https URL, never both."""

    type: Literal["video/upload.completed"] = "video/upload.completed"
    title: Title = Field(examples=["On glaciers"])
    course: Title | None = Field(default=None, examples=["Geology"])
    object_key: str | None = Field(default=None, max_length=500, pattern=f"^{_NAME}(/{_NAME})*$")
    url: str | None = Field(default=None, max_length=2_000, examples=["https://example.com/lecture.mp4"])

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.object_key is None) == (self.url is None):
            raise ValueError("name the video's bytes by object_key or by url, one of the two")
        return self


class VideoDeleted(PlatformEvent):
    """A video is gone on the platform: everything made of it goes here too."""

    type: Literal["video/deleted"] = "video/deleted"
    video_id: UUID


class SegmentEdit(Frozen):
    """What a segment should read; its place in the transcript counts from 0. The heard text takes an edit back."""

    number: int = Field(ge=0, le=1_000_000)
    text: SegmentText = Field(examples=["The mitral valve opens."])


class TranscriptEdited(PlatformEvent):
    """Somebody corrected what was heard."""

    type: Literal["transcript/edited"] = "transcript/edited"
    video_id: UUID
    segments: tuple[SegmentEdit, ...] = Field(min_length=1, max_length=MAX_EDITED_SEGMENTS)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({edit.number for edit in self.segments}) < len(self.segments):
            raise ValueError("name each segment once")
        return self

    def check(self, heard: Mapping[int, str], heard_in_all: int, edited_in_all: int) -> None:
        """Hold each text to what was `heard` there, and the whole transcript to its characters.

        Raises: RequestInvalid, which names each segment that would be too long.
        """
        fields = []
        for place, edit in enumerate(self.segments):
            most = _SEGMENT_GROWTH * len(heard[edit.number]) + _SEGMENT_MORE
            if len(edit.text) > most:
                problem = f"segment {edit.number} may have {most} characters, by what was heard"
                fields.append((f"body.{self.type}.segments.{place}.text", problem))
        most = _TRANSCRIPT_GROWTH * heard_in_all + _TRANSCRIPT_MORE
        if not fields and edited_in_all > most:
            problem = f"the transcript may have {most} characters with its edits, by what was heard"
            fields.append((f"body.{self.type}.segments", problem))
        if fields:
            raise RequestInvalid(f"{fields[0][0]}: {fields[0][1]}", tuple(fields))


class QuizRequested(PlatformEvent):
    """A creator wants a new quiz about a video."""

    type: Literal["quiz/requested"] = "quiz/requested"
    video_id: UUID
    questions: int = Field(default=10, ge=1, le=50)


class MembershipChanged(PlatformEvent):
    """A student's membership began, changed or ended, at `changed_at` by the platform's clock."""

    type: Literal["membership/changed"] = "membership/changed"
    membership_id: WhopId = Field(examples=["mem_1"])
    user_id: WhopId = Field(examples=["user_1"])
    status: MembershipStatus
    valid_until: Timestamp | None = None
    changed_at: Timestamp

    @property
    def change(self) -> MembershipChange:
        """The same in the words of who stores it."""
        return MembershipChange(
            creator_id=self.creator,
            user=self.user_id,
            membership=self.membership_id,
            status=self.status,
            valid_until=self.valid_until,
            at=self.changed_at,
        )


Event = Annotated[
    UploadCompleted | VideoDeleted | TranscriptEdited | QuizRequested | MembershipChanged, Field(discriminator="type")
]


class EventAnswer(Frozen):
    """What an event started: the same answer to every repeat of it."""

    event: str = Field(examples=["video/upload.completed"])
    video_id: UUID | None = None
    workflow_id: str | None = Field(default=None, examples=["process-video/CREATOR/VIDEO"])
    quiz_id: UUID | None = None


class Receipt(Frozen):
    """An event's answer, and whether the event had come before."""

    answer: EventAnswer
    is_repeat: bool


class Accepted(Frozen):
    """A receipt of an upload, for who goes on with the video."""

    video: VideoRef
    workflow_id: str
    is_repeat: bool = False
